// The smallest live player over Media Source Extensions: it appends what the manifest lists, in order, with the
// header before every change of it, and opens a ClearKey session for each key id before its first segment.
import { ClearKey } from "./clearkey.js";
import { MPD } from "./mpd.js";
import { Playlists } from "./playlists.js";

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const happens = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
const bytes = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
};

/** Appends to one source buffer. */
class Feed {
  #buffer;
  #header = null;
  #appended;

  /** Segments that end before `from` are not wanted. */
  constructor(source, codecs, from) {
    this.#buffer = source.addSourceBuffer(codecs);
    this.#appended = from;
  }

  async append(list, keys) {
    for (const segment of list) {
      if (segment.end <= this.#appended + 0.01) continue;
      if (segment.header !== this.#header) {
        await keys.need(segment.keyID, segment.licence);
        this.#buffer.timestampOffset = segment.offset;
        await this.#put(await bytes(segment.header));
        this.#header = segment.header;
      }
      await this.#put(await bytes(segment.url));
      this.#appended = segment.end;
    }
  }

  async #put(data) {
    const done = happens(this.#buffer, "updateend");
    this.#buffer.appendBuffer(data);
    await done;
  }
}

export async function playManifest(config, video, monitor) {
  const manifest = config.url.endsWith(".mpd") ? new MPD(config.url) : new Playlists(config.url, config.licence);
  let lists = await manifest.load();
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await happens(source, "sourceopen");
  source.duration = Infinity;
  const codecs = { video: lists.video.at(-1).codecs, audio: lists.audio.at(-1).codecs };
  const keys = await ClearKey.attach(video, manifest.scheme, codecs);

  const start = lists.video.findLast((segment) => segment.start <= manifest.start)?.start ?? lists.video[0].start;
  const feeds = ["video", "audio"].map((kind) => [kind, new Feed(source, codecs[kind], start)]);
  const feed = () => Promise.all(feeds.map(([kind, one]) => one.append(lists[kind], keys)));
  await feed();
  // The sound's first frame begins up to a frame after the picture.
  video.currentTime = start + 0.05;

  const follow = async () => {
    for (;;) {
      await pause(manifest.refresh);
      lists = await manifest.load();
      await feed();
    }
  };
  follow().catch((error) => monitor.error("player", error));
  await video.play();
}
