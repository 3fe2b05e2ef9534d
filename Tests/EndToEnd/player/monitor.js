// Writes down what the video element does; judges nothing.

const hex = (buffer) =>
  Array.from(new Uint8Array(buffer.buffer ?? buffer), (x) => x.toString(16).padStart(2, "0")).join("");

export class Monitor {
  #video;
  #samples = [];
  #waits = [];
  #errors = [];
  #notes = [];
  #statuses = {};
  #waiting = null;
  #version = navigator.userAgent.replace(/.*(Chrome\S+).*/, "$1");

  constructor(video) {
    this.#video = video;
    video.addEventListener("waiting", () => (this.#waiting = performance.now()));
    video.addEventListener("playing", () => this.#resumed());
    video.addEventListener("seeking", () => this.note("seeking"));
    video.addEventListener("waitingforkey", () => this.note("waitingforkey"));
    video.addEventListener("encrypted", (event) => this.note(`encrypted ${event.initDataType}`));
    video.addEventListener("ended", () => this.error("video", "ended"));
    video.addEventListener("error", () => this.error("video", video.error?.message || `code ${video.error?.code}`));
    window.addEventListener("error", (event) => this.error("page", event.message));
    window.addEventListener("unhandledrejection", (event) => this.error("page", event.reason));
    this.#watchSessions();
  }

  begin() {
    setInterval(() => this.#sample(), 50);
  }

  /** What plays: the name and version of the player. */
  version(text) {
    this.#version = text;
  }

  error(where, error) {
    this.#errors.push(`${where}: ${error?.message ?? error}`);
  }

  note(text) {
    if (this.#notes.length < 500) this.#notes.push({ at: performance.now(), text });
  }

  /** Times in seconds of the page's clock; `samples` are [time, currentTime, decoded frames, dropped frames], those from
   * the one numbered `since` on: all of them, every time, would keep a machine busy. */
  report(since = 0) {
    return {
      version: this.#version, samples: this.#samples.slice(since), errors: this.#errors,
      waits: [...this.#waits, ...(this.#waiting === null ? [] : [[this.#waiting / 1000, performance.now() / 1000]])],
      notes: this.#notes, keyStatuses: this.#statuses,
      audioBytes: this.#video.webkitAudioDecodedByteCount,
    };
  }

  #sample() {
    const quality = this.#video.getVideoPlaybackQuality();
    this.#samples.push([
      performance.now() / 1000, this.#video.currentTime, quality.totalVideoFrames, quality.droppedVideoFrames]);
  }

  #resumed() {
    if (this.#waiting === null) return;
    this.#waits.push([this.#waiting / 1000, performance.now() / 1000]);
    this.#waiting = null;
  }

  // Key statuses of every session, whoever opened it.
  #watchSessions() {
    const statuses = this.#statuses;
    const create = MediaKeys.prototype.createSession;
    MediaKeys.prototype.createSession = function (...types) {
      const session = create.apply(this, types);
      session.addEventListener("keystatuseschange", () =>
        session.keyStatuses.forEach((status, id) => (statuses[hex(id)] = status)));
      return session;
    };
  }
}
