// The publishers' own players, from the folder that SLUICE_PLAYERS names. Only live defaults, and errors reported.
import { keyIDs } from "./clearkey.js";
import { standInForWidevine } from "./widevine.js";

const script = (name) =>
  new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = `/players/${name}`;
    element.onload = resolve;
    element.onerror = () => reject(new Error(`${name} does not load`));
    document.head.append(element);
  });
const toHex = (bytes) => Array.from(bytes, (x) => x.toString(16).padStart(2, "0")).join("");

async function hlsJS(config, video, monitor) {
  await script("hls.min.js");
  monitor.version(`hls.js ${Hls.version}`);
  // hls.js makes no ClearKey request by itself: a page has to say how, from the playlist's key id.
  const generateRequest = (_type, _data, context) =>
    ({ initDataType: "keyids", initData: keyIDs(toHex(context.decryptdata.keyId)).buffer });
  const hls = new Hls({
    emeEnabled: true, drmSystems: { "org.w3.clearkey": { licenseUrl: config.licence, generateRequest } },
    requestMediaKeySystemAccessFunc: (...request) => navigator.requestMediaKeySystemAccess(...request),
  });
  hls.on(Hls.Events.ERROR, (_event, data) => {
    const text = `${data.details} ${data.reason ?? data.error?.message ?? ""}`;
    if (data.fatal) monitor.error("hls.js", text);
    else monitor.note(`hls.js ${text}`);
  });
  hls.loadSource(config.url);
  hls.attachMedia(video);
  await video.play();
}

async function shakaPlayer(config, video, monitor, system = "org.w3.clearkey") {
  await script("shaka-player.compiled.js");
  monitor.version(`Shaka Player ${shaka.Player.version}`);
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(video);
  const describe = (error) => `${error.code} ${JSON.stringify(error.data)}`.slice(0, 400);
  player.addEventListener("error", ({ detail }) => {
    if (detail.severity === shaka.util.Error.Severity.CRITICAL) monitor.error("Shaka Player", describe(detail));
    else monitor.note(`Shaka Player ${describe(detail)}`);
  });
  if (config.licence) player.configure("drm.servers", { [system]: config.licence });
  await player.load(config.url).catch((error) => {
    throw new Error(describe(error));
  });
  await video.play();
}

async function shakaPlayerWidevine(config, video, monitor) {
  standInForWidevine();
  await shakaPlayer(config, video, monitor, "com.widevine.alpha");
}

async function dashJS(config, video, monitor) {
  await script("dash.all.min.js");
  const player = dashjs.MediaPlayer().create();
  monitor.version(`dash.js ${player.getVersion()}`);
  player.initialize();
  player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
  const { ERROR, PLAYBACK_ERROR } = dashjs.MediaPlayer.events;
  player.on(ERROR, ({ error }) => monitor.error("dash.js", `${error?.code} ${error?.message}`));
  player.on(PLAYBACK_ERROR, ({ error }) => monitor.error("dash.js", error?.message ?? error));
  player.attachView(video);
  // dash.js must start it itself: it refreshes the manifest only once it has seen the element's "play" event.
  player.setAutoPlay(true);
  player.attachSource(config.url);
}

export const publishers = {
  "hls.js": hlsJS, "Shaka Player": shakaPlayer, "Shaka Player, Widevine": shakaPlayerWidevine, "dash.js": dashJS,
};
