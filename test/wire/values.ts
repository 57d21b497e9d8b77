/** Arbitrary values of a field, from its declaration. */
import fc from 'fast-check'
import type { Field, Fields } from '../../wire/field.js'

const MAX_ITEMS = 6
const MAX_BYTES = 300

export function arbitraryOf(field: Field<unknown>): fc.Arbitrary<unknown> {
  const { shape } = field
  if (shape === undefined) throw new Error(`${field.label} does not say what it is made of`)
  switch (shape.kind) {
    case 'integer':
      return fc
        .oneof(fc.maxSafeInteger(), fc.nat(300))
        .map((n) => Math.min(shape.max, Math.max(shape.min, Math.abs(n))))
    case 'bool':
      return fc.boolean()
    case 'hash':
      return fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
    case 'address':
      return fc.oneof(
        fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 })).map(([host, port]) => `${host}:${port}`),
        fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 65535 })).map(([host, port]) => `[${host}]:${port}`),
      )
    case 'text':
      return fc
        .string({ unit: 'grapheme', maxLength: MAX_BYTES })
        .map((text) => cut(text.normalize('NFC'), shape.maxBytes))
    case 'bytes':
      return fc.uint8Array({ minLength: shape.min, maxLength: Math.max(shape.min, Math.min(shape.max, MAX_BYTES)) })
    case 'words':
      return fc.constantFrom(...shape.words)
    case 'list':
      return fc.array(arbitraryOf(shape.item), { maxLength: Math.min(shape.max, MAX_ITEMS) })
    case 'option':
      return fc.option(arbitraryOf(shape.item))
    case 'struct':
      return arbitraryOfAll(shape.fields)
  }
}

export function arbitraryOfAll(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, arbitraryOf(field)])), {
    noNullPrototype: true,
  })
}

/** The longest start of a text within so many bytes, whole characters only. */
function cut(text: string, maxBytes: number): string {
  let out = ''
  for (const character of text) {
    if (Buffer.byteLength(out + character) > maxBytes) break
    out += character
  }
  return out.normalize('NFC')
}
