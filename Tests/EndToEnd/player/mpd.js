// A live MPD of SegmentTemplates with SegmentTimelines, as one list of segments for each kind of media.

const seconds = (duration) => {
  const [, hours, minutes, rest] = /^PT(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?$/.exec(duration);
  return (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + +(rest ?? 0);
};
const text = async (url) => {
  const answer = await fetch(url, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
};

export class MPD {
  scheme = null;
  delay = 0;
  refresh = 2;
  #url;
  #skew = null;

  constructor(url) {
    this.#url = url;
  }

  /** What is listed now: { video, audio }, lists of { url, header, start, end, offset, codecs, keyID, licence }. */
  async load() {
    const root = new DOMParser().parseFromString(await text(this.#url), "application/xml").documentElement;
    this.delay = seconds(root.getAttribute("suggestedPresentationDelay"));
    this.refresh = seconds(root.getAttribute("minimumUpdatePeriod"));
    await this.#setClock(root.querySelector("MPD > UTCTiming"));
    const lists = { video: [], audio: [] };
    for (const period of root.querySelectorAll("Period")) {
      for (const set of period.querySelectorAll("AdaptationSet")) {
        lists[set.getAttribute("contentType")].push(...this.#segments(period, set));
      }
    }
    return lists;
  }

  /** Where to start: the suggested delay behind the synchronised clock. */
  get start() {
    return (Date.now() + this.#skew) / 1000 - this.delay;
  }

  async #setClock(timing) {
    if (this.#skew !== null) return;
    if (timing.getAttribute("schemeIdUri") !== "urn:mpeg:dash:utc:http-xsdate:2014") throw new Error("UTCTiming");
    this.#skew = Date.parse(await text(new URL(timing.getAttribute("value"), this.#url))) - Date.now();
  }

  #segments(period, set) {
    const representation = set.querySelector("Representation");
    const template = representation.querySelector("SegmentTemplate") ?? set.querySelector("SegmentTemplate");
    const value = (name) => +(template.getAttribute(name) ?? 0);
    const [scale, anchor] = [value("timescale"), value("presentationTimeOffset")];
    const start = seconds(period.getAttribute("start"));
    const protection = set.querySelector("ContentProtection[*|default_KID]");
    this.scheme = protection.getAttribute("value");
    const common = {
      offset: start - anchor / scale,
      codecs: `${set.getAttribute("mimeType")}; codecs="${representation.getAttribute("codecs")}"`,
      keyID: protection.getAttribute("cenc:default_KID").replaceAll("-", ""),
      licence: set.getElementsByTagNameNS("https://dashif.org/CPS", "laurl")[0].textContent,
      header: this.#place(template.getAttribute("initialization"), representation),
    };
    let number = value("startNumber");
    let time = 0;
    const list = [];
    for (const entry of template.querySelectorAll("S")) {
      time = +(entry.getAttribute("t") ?? time);
      const duration = +entry.getAttribute("d");
      for (let count = +(entry.getAttribute("r") ?? 0); count >= 0; count -= 1, time += duration, number += 1) {
        const begins = start + (time - anchor) / scale;
        list.push({
          ...common, start: begins, end: begins + duration / scale,
          url: this.#place(template.getAttribute("media").replace("$Number$", number), representation),
        });
      }
    }
    return list;
  }

  #place(path, representation) {
    return new URL(path.replace("$RepresentationID$", representation.getAttribute("id")), this.#url).href;
  }
}
