#!/usr/bin/env node
// A plugin in another language, without a dependency: msgpack, frames, calls both ways (docs/protocol.md), the plugin.
'use strict';
const fs = require('fs');
const net = require('net');

// --- msgpack: what the protocol needs of it. Numbers are written in their widest form, which every reader takes.

const sized = (tag, bytes, number) => {
  const head = Buffer.alloc(1 + bytes, tag);
  head.writeUIntBE(number, 1, bytes);
  return head;
};

function encode(value) {
  if (value === null || value === undefined) return Buffer.of(0xc0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'number') {
    const number = Buffer.alloc(9, Number.isSafeInteger(value) ? 0xd3 : 0xcb);
    if (Number.isSafeInteger(value)) number.writeBigInt64BE(BigInt(value), 1);
    else number.writeDoubleBE(value, 1);
    return number;
  }
  if (typeof value === 'string') return Buffer.concat([sized(0xdb, 4, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([sized(0xc6, 4, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([sized(0xdd, 4, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([sized(0xdf, 4, entries.length), ...entries.flat().map(encode)]);
}

function decode(bytes) {
  let at = 0;
  const take = (count) => bytes.subarray(at, (at += count));
  const uint = (count) => take(count).readUIntBE(0, count);
  const list = (count) => Array.from({ length: count }, one);
  const map = (count) => Object.fromEntries(Array.from({ length: count }, () => [one(), one()]));
  const extension = (count) => ({ type: take(1).readInt8(), bytes: take(count) }); // a date; this plugin needs none
  function one() {
    const tag = bytes[at++];
    if (tag < 0x80) return tag;
    if (tag < 0x90) return map(tag & 15);
    if (tag < 0xa0) return list(tag & 15);
    if (tag < 0xc0) return take(tag & 31).toString();
    if (tag >= 0xe0) return tag - 256;
    if (tag >= 0xde) return map(uint(2 << (tag - 0xde)));
    if (tag >= 0xdc) return list(uint(2 << (tag - 0xdc)));
    if (tag >= 0xd9) return take(uint(1 << (tag - 0xd9))).toString();
    if (tag >= 0xd4) return extension(1 << (tag - 0xd4));
    if (tag === 0xd3) return Number(take(8).readBigInt64BE());
    if (tag >= 0xd0) return take(1 << (tag - 0xd0)).readIntBE(0, 1 << (tag - 0xd0));
    if (tag === 0xcf) return Number(take(8).readBigUInt64BE());
    if (tag >= 0xcc) return uint(1 << (tag - 0xcc));
    if (tag >= 0xca) return tag === 0xcb ? take(8).readDoubleBE() : take(4).readFloatBE();
    if (tag >= 0xc7) return extension(uint(1 << (tag - 0xc7)));
    if (tag >= 0xc4) return take(uint(1 << (tag - 0xc4)));
    return tag === 0xc0 ? null : tag === 0xc3;
  }
  return one();
}

// --- the link: frames, requests of both sides, answers in any order

class Link {
  constructor(socket, key, methods) {
    Object.assign(this, { socket, methods, number: 0, open: new Map(), waiting: Buffer.alloc(0) });
    socket.on('data', (bytes) => this.received(bytes));
    this.send(0, 'jackfield', 1, 1, 1 << 20, { key });
  }

  send(...message) {
    const frame = Buffer.concat([Buffer.alloc(4), encode(message)]);
    frame.writeUInt32LE(frame.length - 4);
    this.socket.write(frame);
  }

  call(method, args) {
    this.send(1, ++this.number, method, args, 0);
    return new Promise((resolve, reject) => this.open.set(this.number, { resolve, reject }));
  }

  received(bytes) {
    this.waiting = Buffer.concat([this.waiting, bytes]);
    while (this.waiting.length >= 4 && this.waiting.length >= 4 + this.waiting.readUInt32LE()) {
      const end = 4 + this.waiting.readUInt32LE();
      const message = decode(this.waiting.subarray(4, end));
      this.waiting = this.waiting.subarray(end);
      this.take(...message);
    }
  }

  take(kind, id, ...rest) {
    if (kind === 1) this.run(...rest).then((answer) => this.send(2, id, answer), (error) => this.send(3, id, ...told(error)));
    else if (kind === 2) this.settle(id).resolve(rest[0]);
    else if (kind === 3) this.settle(id).reject(new Error(`${rest[0]}: ${rest[1]}`));
    else if (kind === 4) this.run(id, rest[0]).catch(() => {});
    else if (kind === 5) this.runAll(id, ...rest);
    else if (kind === 8) this.socket.destroy(new Error(id));
  }

  async run(method, args) {
    if (!Object.hasOwn(this.methods, method)) throw Object.assign(new Error(`no method ${method}`), { name: 'UsageError' });
    return (await this.methods[method](args)) ?? null;
  }

  async runAll(id, method, many) { // one after the other, whatever becomes of each
    const [answers, failures] = [[], []];
    const failed = (error) => void failures.push([answers.length, ...told(error)]);
    for (const args of many) answers.push((await this.run(method, args).catch(failed)) ?? null);
    this.send(6, id, answers, failures);
  }

  settle(id) {
    const waiting = this.open.get(id);
    this.open.delete(id);
    return waiting;
  }
}

const told = (error) => [error.name, error.message, {}];

// --- the plugin: what it is, and what the host calls
const [COMMAND, ECHOED] = [1, 2];
const [where, keyFile] = process.argv.slice(2);
if (!fs.existsSync(keyFile ?? '')) { console.error('usage: node echo.js PORT-OR-SOCKET KEY-FILE'); process.exit(2); }
let heard = 0;
const socket = /^\d+$/.test(where) ? net.connect(Number(where), '127.0.0.1') : net.connect(where);
const link = new Link(socket, fs.readFileSync(keyFile, 'utf8').trim(), {
  'plugin.load': () => ({
    hooks: [{ name: 'message_received', arguments: ['message'], asynchronous: true }],
    commands: [{
      name: 'echo', handler: COMMAND, help: 'Say it again', usage: 'echo <text>',
      function: { parameters: [{ name: 'source', type: { type: 'text' } }, { name: 'text', type: { type: 'rest' } }] },
    }],
  }),
  'plugin.callback': () => ({}),
  'plugin.health': () => null,
  'scope.open': async () => {
    heard = (await link.call('storage.get', { key: 'heard', default: 0 })).value;
    await link.call('events.on', { event: 'plugin:echo-js:echoed', handler: ECHOED });
  },
  'scope.close': () => [],
  'hook.message_received': () => link.call('storage.set', { key: 'heard', value: ++heard }),
  'handler.command': async ({ source, arguments: [text] }) => {
    await link.call('source.reply', { source: source.source, text: `${text} (${heard} heard)` });
    await link.call('events.emit', { event: 'echoed', data: { text } });
  },
  'handler.event': ({ event }) => link.send(4, 'log', { level: 20, message: `echoed ${event.data.text}` }),
});
socket.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
