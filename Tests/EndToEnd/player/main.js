// Entry: the test calls start(config), then asks report(). config: { player, url, licence }.
import { Monitor } from "./monitor.js";
import { playManifest } from "./mse.js";
import { publishers } from "./publishers.js";

const video = document.getElementById("video");
const monitor = new Monitor(video);

const native = async (config) => {
  // Without it Chromium refuses key and segments of another origin ("insecure media request").
  video.crossOrigin = "anonymous";
  video.src = config.url;
  await video.play();
};

window.start = async (config) => {
  const players = { native, mse: playManifest, ...publishers };
  monitor.begin();
  video.muted = true;
  try {
    await players[config.player](config, video, monitor);
  } catch (error) {
    monitor.error("start", error);
  }
};
window.report = (since) => monitor.report(since);
