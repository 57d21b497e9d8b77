/** One line on standard error that tells how far a long command is; nothing where nobody watches. */
import type { WriteStream } from 'node:tty'
import { inAscii, type Look } from '../../ui/look.js'
import { clock, size } from './format.js'

const WIDTH = 24
const EIGHTHS = ' ▏▎▍▌▋▊▉█'
const EVERY_MS = 100

export class ProgressLine {
  readonly #out: WriteStream
  readonly #look: Look
  #shown = false
  #last = 0
  #began = 0
  #beganAt = 0

  constructor(out: WriteStream, look: Look) {
    this.#out = out
    this.#look = look
  }

  show(text: string, done: number, total: number, unit: string): void {
    if (!this.#out.isTTY) return
    const now = performance.now()
    if (now - this.#last < EVERY_MS && done !== total) return
    if (this.#last === 0 || done < this.#began) {
      this.#began = done
      this.#beganAt = now
    }
    this.#last = now
    const amount = (value: number): string => (unit === 'bytes' ? size(value) : String(value))
    const rate = (done - this.#began) / Math.max(0.001, (now - this.#beganAt) / 1000)
    const parts = [text]
    if (total > 0)
      parts.push(bar(done / total), `${Math.floor((done / total) * 100)} %`, `${amount(done)}/${amount(total)}`)
    else if (done > 0) parts.push(amount(done))
    if (unit === 'bytes' && rate > 0) parts.push(`${size(rate)}/s`, clock((total - done) / rate))
    const line = parts.join('  ').slice(0, (this.#out.columns ?? 80) - 1)
    this.#out.write(`\r\x1b[K${this.#look.unicode ? line : inAscii(line)}`)
    this.#shown = true
  }

  clear(): void {
    if (this.#shown) this.#out.write('\r\x1b[K')
    this.#shown = false
  }
}

/** A bar of `WIDTH` cells in eighths. */
export function bar(share: number, width = WIDTH): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  const full = Math.floor(eighths / 8)
  const rest = full < width ? (EIGHTHS[eighths % 8] ?? ' ') : ''
  return `${'█'.repeat(full)}${rest}`.padEnd(width)
}
