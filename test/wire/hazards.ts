/** Messages that hurt a MessagePack decoder: each must be refused before one sees it. */
const of = (...bytes: readonly number[]): Buffer => Buffer.from(bytes)
const text = (value: string): Buffer => Buffer.concat([of(0xa0 | value.length), Buffer.from(value)])
const many = (size: number, fill: number, head: readonly number[] = []): Buffer => {
  const bytes = Buffer.alloc(size, fill)
  bytes.set(head)
  return bytes
}
const repeated = (count: number, ...parts: readonly number[]): Buffer =>
  Buffer.alloc(count * parts.length, of(...parts))
const array32 = (count: number): Buffer => {
  const head = of(0xdd, 0, 0, 0, 0)
  head.writeUInt32BE(count, 1)
  return head
}
const record = of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61)

export const hazards: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['nested arrays, 10 kB', Buffer.concat([many(10_000, 0x91), of(0xc0)])],
  ['nested arrays, 1 MB', Buffer.concat([many(1_000_000, 0x91), of(0xc0)])],
  ['nested maps', Buffer.concat([repeated(100_000, 0x81, 0xa1, 0x61), of(0xc0)])],
  ['an array of 4 G items in 5 bytes', of(0xdd, 255, 255, 255, 255)],
  ['1,000 nested arrays of 16 M items', repeated(1000, 0x91, 0xdd, 0, 255, 255, 255)],
  ['a map of 4 G entries in 5 bytes', of(0xdf, 255, 255, 255, 255)],
  ['a map of 4 G entries and 1 MB of nil', many(1_000_005, 0xc0, [0xdf, 255, 255, 255, 255])],
  ['a text of 4 GiB', of(0xdb, 255, 255, 255, 255)],
  ['a byte string of 4 GiB', of(0xc6, 255, 255, 255, 255)],
  ['an extension of 4 GiB', of(0xc9, 255, 255, 255, 255, 1)],
  ['a million empty maps', Buffer.concat([array32(1_000_000), many(1_000_000, 0x80)])],
  ['a million empty sets', Buffer.concat([array32(1_000_000), repeated(1_000_000, 0xd4, 0x73, 0, 0x90)])],
  ['__proto__ as a key', Buffer.concat([of(0x81), text('__proto__'), of(0x81), text('polluted'), of(0xc3)])],
  [
    'constructor.prototype as keys',
    Buffer.concat([of(0x81), text('constructor'), of(0x81), text('prototype'), of(0x81), text('polluted'), of(1)]),
  ],
  ['keys that shadow methods', Buffer.concat([of(0x82), text('toString'), of(1), text('hasOwnProperty'), of(1)])],
  ['a number as a key', of(0x81, 1, 2)],
  ['an array as a key', of(0x81, 0x91, 1, 2)],
  ['a key twice', of(0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2)],
  ['a record definition', Buffer.concat([record, of(1)])],
  ['a record that changes what 64 means', Buffer.concat([of(0x92), record, of(1, 0x40, 2)])],
  [
    'a record with the key __proto__',
    Buffer.concat([of(0xd4, 0x72, 0x40, 0x91), text('__proto__'), of(0x81), text('polluted'), of(0xc3)]),
  ],
  ['5,000 records, each of which generates code', Buffer.concat([of(0xdc, 19, 136), repeated(5000, ...record, 1)])],
  ['a set', of(0xd4, 0x73, 0, 0x91, 1)],
  ['an evil regular expression', Buffer.concat([of(0xd4, 0x78, 0, 0x92), text('(a+)+$$$'), of(0xa0)])],
  ['an error', Buffer.concat([of(0xd4, 0x65, 0, 0x93), text('Error'), of(0xa1, 0x78, 0xc0)])],
  ['a cycle', of(0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1)],
  ['a pointer to nothing', of(0xd6, 0x70, 0, 0, 0, 1)],
  ['a billion laughs', laughs()],
  ['a big integer of 1 MB', many(1_000_006, 0x7f, [0xc9, 0, 15, 0x42, 0x40, 0x42])],
  ['a bundle with a negative offset', of(0xd6, 0x62, 255, 255, 255, 240, 1)],
  ['a bundle in a loop', of(0xd6, 0x62, 255, 255, 255, 254, 0x92, 1, 2)],
  ['a date that is none', of(0xc7, 3, 0xff, 1, 2, 3)],
  ['a float', of(0xca, 0x3f, 0x80, 0, 0)],
  ['NaN', of(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)],
  ['the unused byte 0xc1', of(0xc1)],
  ['an extension for undefined', of(0xd4, 0, 0)],
  ['an unknown extension', of(0xd4, 5, 0)],
  ['bytes after the value', of(1, 2, 3)],
  ['a typed array of an unknown type', of(0xc7, 3, 0x74, 16, 1, 2)],
  ['a misaligned typed array', of(0xc7, 4, 0x74, 8, 1, 2, 3)],
  ['no bytes at all', of()],
  ['a value cut short', of(0x93, 1, 2)],
  ['an integer cut short', of(0xce, 1, 2)],
  ['a length cut short', of(0xdc, 1)],
]

/** Thirty references, each to two of the one before. */
function laughs(): Buffer {
  const parts = [of(0xdc, 0, 31), of(0xd6, 0x69, 0, 0, 0, 0, 0x91, 1)]
  for (let i = 1; i <= 30; i++) {
    parts.push(of(0xd6, 0x69, 0, 0, 0, i, 0x92, 0xd6, 0x70, 0, 0, 0, i - 1, 0xd6, 0x70, 0, 0, 0, i - 1))
  }
  return Buffer.concat(parts)
}
