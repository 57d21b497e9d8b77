/**
 * Parts what the terminal sends into single keys before Ink reads it. A burst (what tmux or an automatic typist sends) comes
 * as one chunk: ink-text-input would take `vote a yes\r` as text with a carriage return in it, and React would see only
 * the state before the burst. Invariant: one piece a turn of the event loop, so each key meets what the one before it did.
 */

const ESC = '\u001b'
const PASTE_START = `${ESC}[200~`
const PASTE_END = `${ESC}[201~`
/** A CSI or SS3 sequence, or Esc with the key it modifies; a line end; a control character; text up to the next of these. */
const PIECE = new RegExp(`${ESC}(?:\\[[0-?]*[ -/]*[@-~]|O[ -~]|[^${ESC}[O])?|\\r\\n|\\p{Cc}|\\P{Cc}+`, 'gu')

/** Splits chunks; what is pasted is left as it is. */
export class KeyPieces {
  /** While a paste runs: its last characters, in which the closing mark may have begun. Else null. */
  #pasted: string | null = null

  of(chunk: string): readonly string[] {
    if (this.#pasted !== null) return this.#inPaste(chunk, this.#pasted)
    const at = chunk.indexOf(PASTE_START)
    if (at < 0) return keysIn(chunk)
    this.#pasted = ''
    const begin = at + PASTE_START.length
    return [...keysIn(chunk.slice(0, at)), PASTE_START, ...this.of(chunk.slice(begin))]
  }

  #inPaste(chunk: string, before: string): readonly string[] {
    const seen = before + chunk
    const at = seen.indexOf(PASTE_END)
    this.#pasted = at < 0 ? seen.slice(1 - PASTE_END.length) : null
    if (at < 0) return chunk === '' ? [] : [chunk]
    const end = at + PASTE_END.length - before.length
    return [chunk.slice(0, end), ...this.of(chunk.slice(end))]
  }
}

function keysIn(text: string): readonly string[] {
  const pieces = text.match(PIECE) ?? []
  return pieces.filter((piece) => !isNoKey(piece)).map((piece) => (/^[\r\n]/.test(piece) ? '\r' : piece))
}

/** Control characters that no key sends: NUL, the separators, C1. */
function isNoKey(piece: string): boolean {
  const code = piece.codePointAt(0) ?? 0
  return code === 0 || (code >= 0x1c && code <= 0x1f) || (code >= 0x80 && code <= 0x9f)
}

interface Waiting {
  readonly piece: string
  /** When it came from the terminal. */
  readonly at: number
}

/** Ink takes what follows an Esc within 20 ms for the rest of a sequence; it must not look so because we were busy. */
const ESC_ALONE_MS = 25

/** The same stream, except that it is read one key at a time. */
export function oneKeyAtATime(stdin: NodeJS.ReadStream): NodeJS.ReadStream {
  const splitter = new KeyPieces()
  const waiting: Waiting[] = [] // what the terminal sent and React has not met yet
  let taken = false
  const nextTurn = () => {
    taken = false
    if (waiting.length > 0) stdin.emit('readable')
  }
  const read = (): string | null => {
    for (let chunk: unknown = stdin.read(); chunk !== null; chunk = stdin.read())
      for (const piece of splitter.of(String(chunk))) waiting.push({ piece, at: performance.now() })
    const next = taken ? undefined : waiting.shift()
    if (next === undefined) return null
    taken = true
    const follower = waiting[0]
    if (next.piece === ESC && follower !== undefined && follower.at - next.at >= ESC_ALONE_MS)
      setTimeout(nextTurn, ESC_ALONE_MS)
    // React commits in a microtask and in the next check phase
    else setImmediate(() => setImmediate(nextTurn))
    return next.piece
  }
  return new Proxy(stdin, {
    get(target, name) {
      if (name === 'read') return read
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
