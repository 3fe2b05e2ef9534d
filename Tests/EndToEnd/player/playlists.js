// Live HLS playlists of CMAF segments, one variant and its audio rendition, as lists of segments.

const load = async (url) => {
  const answer = await fetch(url, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return (await answer.text()).split("\n").map((line) => line.trim()).filter(Boolean);
};
const attributes = (line) =>
  Object.fromEntries(Array.from(line.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)/g), ([, name, value]) =>
    [name, value.replaceAll('"', "")]));

export class Playlists {
  scheme = "cbcs";
  refresh = 1;
  #url;
  #licence;
  #sources = null;
  #edge = 0;

  constructor(url, licence) {
    this.#url = url;
    this.#licence = licence;
  }

  async load() {
    this.#sources ??= await this.#multivariant();
    const { video, audio } = this.#sources;
    const lists = { video: await this.#media(video), audio: await this.#media(audio) };
    this.#edge = lists.video.at(-1).end;
    return lists;
  }

  /** Where to start: three target durations before the end. RFC 8216, clause 6.3.3. */
  get start() {
    return this.#edge - 3 * 2 * this.refresh;
  }

  async #multivariant() {
    const lines = await load(this.#url);
    const at = lines.findIndex((line) => line.startsWith("#EXT-X-STREAM-INF"));
    const variant = attributes(lines[at]);
    const rendition = lines.filter((line) => line.startsWith("#EXT-X-MEDIA:")).map(attributes)
      .find((one) => one["GROUP-ID"] === variant.AUDIO && one.TYPE === "AUDIO");
    const [video, audio] = variant.CODECS.split(",");
    return {
      video: { url: new URL(lines[at + 1], this.#url), codecs: `video/mp4; codecs="${video}"` },
      audio: { url: new URL(rendition.URI, this.#url), codecs: `audio/mp4; codecs="${audio}"` },
    };
  }

  async #media({ url, codecs }) {
    const list = [];
    let [keyID, header, start, duration] = [null, null, null, 0];
    for (const line of await load(url)) {
      const [tag, value] = line.match(/^#([A-Z0-9-]+):?(.*)/)?.slice(1) ?? [null, line];
      switch (tag) {
        case null:
          list.push({
            url: new URL(value, url).href, header, start, end: start + duration, offset: 0, codecs, keyID,
            licence: this.#licence,
          });
          start += duration;
          break;
        case "EXTINF": duration = parseFloat(value); break;
        case "EXT-X-TARGETDURATION": this.refresh = value / 2; break;
        case "EXT-X-MAP": header = new URL(attributes(value).URI, url).href; break;
        case "EXT-X-PROGRAM-DATE-TIME": start = Date.parse(value) / 1000; break;
        case "EXT-X-KEY": {
          const key = attributes(value);
          if (key.KEYFORMAT === "org.w3.clearkey") keyID = key.KEYID.slice(2).toLowerCase();
          break;
        }
      }
    }
    return list;
  }
}
