// The WebSocket: connects again when it breaks, and answers each request by its nonce.

const SIGNED_OUT = 4401;
const LONGEST_WAIT_MS = 15000;

export class Link {
  /**
   * @param {(event: object) => void} onEvent called with every event
   * @param {(up: boolean) => void} onState called when the link comes up or breaks
   */
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.waiting = new Map();
    this.number = 0;
    this.tries = 0;
    this.connect();
  }

  connect() {
    const address = new URL("/socket", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address);
    this.socket.addEventListener("open", () => {
      this.tries = 0;
      this.onState(true);
    });
    this.socket.addEventListener("message", (message) => this.receive(JSON.parse(message.data)));
    this.socket.addEventListener("close", (event) => {
      for (const { reject } of this.waiting.values()) reject(new Error("The connection broke. It was perhaps not sent."));
      this.waiting.clear();
      if (event.code === SIGNED_OUT) {
        location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
        return;
      }
      this.onState(false);
      const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.tries) * (0.5 + Math.random() / 2);
      this.tries += 1;
      setTimeout(() => this.connect(), wait);
    });
  }

  receive(event) {
    const request = this.waiting.get(event.nonce);
    if (request && (event.type === "sent" || event.type === "completions")) {
      this.waiting.delete(event.nonce);
      request.resolve(event);
    } else if (request && event.type === "error") {
      this.waiting.delete(event.nonce);
      request.reject(Object.assign(new Error(event.message), { fields: event.fields ?? {} }));
    } else {
      this.onEvent(event);
    }
  }

  /** Send without waiting; lost when the link is down. */
  tell(request) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(request));
  }

  /** Send and wait until it is done; resolves with what came back, rejects with a sentence. */
  async ask(request) {
    const { socket } = this;
    if (socket.readyState === WebSocket.CONNECTING) {
      // The page has just come up: what was typed at once is sent as soon as it can be.
      await new Promise((settled) => {
        socket.addEventListener("open", settled, { once: true });
        socket.addEventListener("close", settled, { once: true });
      });
    }
    if (this.socket.readyState !== WebSocket.OPEN) throw new Error("Not connected. Nothing was sent.");
    const nonce = String((this.number += 1));
    return new Promise((resolve, reject) => {
      this.waiting.set(nonce, { resolve, reject });
      this.socket.send(JSON.stringify({ ...request, nonce }));
    });
  }
}
