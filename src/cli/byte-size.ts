/** Sizes as users write them: `500M`, `2GiB`, `1.5 GB`, `0`. */

const POWERS = 'kmgt'
const SIZE = /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([kmgt])(i?b)?|b)?$/i

/** Bytes; null where it is no size. As in GNU tools `M` and `MiB` are 1,048,576 bytes, `MB` is 1,000,000. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text.trim())
  if (match === null) return null
  const [, count = '', unit = '', suffix = ''] = match
  const base = suffix.toLowerCase() === 'b' ? 1000 : 1024
  const bytes = Math.floor(Number(count) * base ** (unit === '' ? 0 : POWERS.indexOf(unit.toLowerCase()) + 1))
  return Number.isSafeInteger(bytes) ? bytes : null
}
