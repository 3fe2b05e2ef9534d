// org.w3.clearkey: one session for each key id that a manifest names, licences from the key server.

const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const base64URL = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** The W3C "keyids" initialization data of one key id (hex). */
export const keyIDs = (id) => new TextEncoder().encode(JSON.stringify({ kids: [base64URL(fromHex(id))] }));

export class ClearKey {
  #keys;
  #sessions = new Map();

  static async attach(video, scheme, codecs) {
    const robust = (contentType) => [{ contentType, encryptionScheme: scheme }];
    const access = await navigator.requestMediaKeySystemAccess("org.w3.clearkey", [{
      initDataTypes: ["keyids"], videoCapabilities: robust(codecs.video), audioCapabilities: robust(codecs.audio),
    }]);
    const keys = await access.createMediaKeys();
    await video.setMediaKeys(keys);
    const one = new ClearKey();
    one.#keys = keys;
    return one;
  }

  /** Resolves when the licence of key `id` has been taken. */
  need(id, url) {
    if (!this.#sessions.has(id)) this.#sessions.set(id, this.#fetch(id, url));
    return this.#sessions.get(id);
  }

  async #fetch(id, url) {
    const session = this.#keys.createSession("temporary");
    const message = new Promise((resolve) => session.addEventListener("message", resolve, { once: true }));
    await session.generateRequest("keyids", keyIDs(id));
    const body = (await message).message;
    const answer = await fetch(url, { method: "POST", body, headers: { "Content-Type": "application/json" } });
    if (!answer.ok) throw new Error(`licence of ${id}: ${answer.status}`);
    await session.update(await answer.arrayBuffer());
    return session;
  }
}
