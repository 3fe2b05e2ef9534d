// ClearKey's module in the place of Widevine's: what a player does for Widevine is its own up to there, and the key ids
// come from nothing but the Widevine pssh. It shows the signalling, neither Widevine's module nor its licences.
import { keyIDs } from "./clearkey.js";

const WIDEVINE = "com.widevine.alpha";
const CLEAR_KEY = "org.w3.clearkey";
const toHex = (bytes) => Array.from(bytes, (x) => x.toString(16).padStart(2, "0")).join("");

/** The key ids (hex) of a "pssh" box, version 0, whose data is a WidevinePsshData message: its fields 2. */
function keyIDsOf(box) {
  const bytes = new Uint8Array(box.buffer ?? box, box.byteOffset ?? 0, box.byteLength);
  const found = [];
  for (let at = 32; at < bytes.length; ) {
    const tag = bytes[at++];
    let length = 0;
    for (let shift = 0; at < bytes.length; shift += 7) {
      length |= (bytes[at] & 127) << shift;
      if (bytes[at++] < 128) break;
    }
    if ((tag & 7) === 0) continue;
    if (tag === 0x12) found.push(toHex(bytes.slice(at, at + length)));
    at += length;
  }
  return found;
}

const stand = (access) => ({
  keySystem: WIDEVINE, getConfiguration: () => access.getConfiguration(),
  createMediaKeys: () => access.createMediaKeys(),
});

/** From now on the page has Widevine, and no other system: as a browser that knows no other. */
export function standInForWidevine() {
  const plain = ({ robustness, ...capability }) => capability;
  const request = navigator.requestMediaKeySystemAccess.bind(navigator);
  navigator.requestMediaKeySystemAccess = async (system, configurations) => {
    if (system !== WIDEVINE) throw new DOMException(`${system} is not here`, "NotSupportedError");
    return stand(await request(CLEAR_KEY, configurations.map((one) => ({
      ...one, videoCapabilities: one.videoCapabilities?.map(plain),
      audioCapabilities: one.audioCapabilities?.map(plain),
    }))));
  };
  const capabilities = navigator.mediaCapabilities;
  const decodingInfo = capabilities.decodingInfo.bind(capabilities);
  capabilities.decodingInfo = async (configuration) => {
    const { keySystemConfiguration: asked, ...media } = configuration;
    if (!asked) return decodingInfo(configuration);
    if (asked.keySystem !== WIDEVINE) {
      return { configuration, supported: false, smooth: false, powerEfficient: false, keySystemAccess: null };
    }
    const { video, audio, ...rest } = asked;
    const info = await decodingInfo({ ...media, keySystemConfiguration: {
      ...rest, keySystem: CLEAR_KEY, ...(video && { video: plain(video) }), ...(audio && { audio: plain(audio) }) } });
    const { supported, smooth, powerEfficient } = info;
    const keySystemAccess = info.keySystemAccess && stand(info.keySystemAccess);
    return { supported, smooth, powerEfficient, configuration, keySystemAccess };
  };
  const generate = MediaKeySession.prototype.generateRequest;
  MediaKeySession.prototype.generateRequest = function (_type, data) {
    const [id, ...others] = keyIDsOf(data);
    if (!id || others.length) throw new TypeError("the initialization data are not of one Widevine key");
    return generate.call(this, "keyids", keyIDs(id));
  };
}
