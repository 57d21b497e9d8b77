/**
 * Numbers as people read them, each of a fixed width so that a changing number never moves its neighbours.
 * Sizes and rates are decimal (SI): 1 kB = 1,000 bytes.
 */
import type { Look } from '../look.js'

export { plural } from '../../src/cli/format.js'

const SCALES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** `4.2 MB`, ` 12 kB`, `  0  B`: 6 cells. */
export function size(bytes: number): string {
  const [figure, scale] = scaled(bytes)
  return `${figure} ${(SCALES[scale] ?? '').padStart(2)}`
}

/** `4.2 MB/s`: 8 cells. */
export const rate = (bytesPerSecond: number): string => `${size(bytesPerSecond)}/s`

/** `4.2M`, ` 12k`, `  0 `: 4 cells. */
export function compact(bytes: number): string {
  const [figure, scale] = scaled(bytes)
  return `${figure}${' kMGTP'[scale] ?? ' '}`
}

/** `5.9 MH/s`: 8 cells. */
export function hashRate(hashesPerSecond: number): string {
  const [figure, scale] = scaled(hashesPerSecond)
  return `${figure} ${`${' kMGTP'[scale] ?? ''}H/s`.trim().padStart(4)}`
}

/** Three cells (`4.2`, ` 12`, `999`) and the power of 1,000. */
function scaled(value: number): readonly [figure: string, scale: number] {
  let rest = Number.isFinite(value) && value > 0 ? value : 0
  let scale = 0
  while (rest >= 999.5 && scale < SCALES.length - 1) {
    rest /= 1000
    scale++
  }
  const figure = scale > 0 && rest < 9.95 ? rest.toFixed(1) : String(Math.min(999, Math.round(rest)))
  return [figure.padStart(3), scale]
}

/** `  4s`, ` 59m`, ` 23h`, `364d`, ` 12y`: 4 cells. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds}s`.padStart(4)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`.padStart(4)
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`.padStart(4)
  const days = Math.floor(seconds / 86_400)
  return (days < 365 ? `${days}d` : `${Math.min(999, Math.floor(days / 365))}y`).padStart(4)
}

/** How long until `age` reads differently. */
export function ageChangesInMs(ms: number): number {
  const step = ms < 60_000 ? 1000 : ms < 3_600_000 ? 60_000 : 3_600_000
  return step - (Math.max(0, ms) % step)
}

/** `0:48`, `12:05`, `3h05m`: 5 cells, right aligned. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`.padStart(5)
  const hours = Math.floor(whole / 3600)
  return hours < 10 ? `${hours}h${two(Math.floor((whole % 3600) / 60))}m` : `${Math.min(9999, hours)}h`.padStart(5)
}

/** ` 61 %`: 5 cells; 100 only when it is all there. */
export function percent(done: number, total: number): string {
  const share = total <= 0 ? 0 : Math.min(1, Math.max(0, done / total))
  return `${Math.floor(share * 100)}`.padStart(3).concat(' %')
}

/** ` 22 ms`, `180 ms`, `  - ms`, `1.2  s`: 6 cells. */
export function latency(ms: number | null): string {
  if (ms === null) return '  -   '
  if (ms < 999.5) return `${String(Math.max(0, Math.round(ms))).padStart(3)} ms`
  return `${Math.min(99, ms / 1000)
    .toFixed(ms < 9950 ? 1 : 0)
    .padStart(3)}  s`
}

/** `2^21.4`; the exponent of a power of two. */
export const powerOfTwo = (value: number): string => `2^${Math.log2(Math.max(1, value)).toFixed(1)}`

/** `3f9a…e1`: 7 cells. */
export const shortId = (id: string, look: Look): string => `${id.slice(0, 4)}${look.glyphs.more}${id.slice(-2)}`

/** A bar of eighth blocks, `width` cells. */
export function bar(share: number, width: number, look: Look): string {
  const { bar: steps } = look.glyphs
  const eighths = Math.round(Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * width * 8)
  const full = steps[8] ?? ''
  const whole = Math.floor(eighths / 8)
  const rest = whole < width ? (steps[eighths % 8] ?? '') : ''
  return full.repeat(whole) + rest + (steps[0] ?? '').repeat(Math.max(0, width - whole - 1))
}
