/**
 * What arrives from the keyboard, as keys. A burst (a paste, or what tmux sends) comes as one text with Enter and Tab inside:
 * it is parted here, so that `vote a yes\r` is typed and entered, not typed with a carriage return in it.
 */

export type NamedKey =
  | 'enter'
  | 'tab'
  | 'backtab'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'word-left'
  | 'word-right'
  | 'home'
  | 'end'
  | 'pageup'
  | 'pagedown'
  | 'escape'
  | 'backspace'
  | 'delete'
  | `ctrl-${string}`

export type Key =
  | { readonly kind: 'text'; readonly text: string; readonly pasted: boolean }
  | { readonly kind: 'named'; readonly name: NamedKey; readonly pasted: boolean }

/** The part of Ink's key that is looked at. */
export interface InkKey {
  readonly upArrow: boolean
  readonly downArrow: boolean
  readonly leftArrow: boolean
  readonly rightArrow: boolean
  readonly pageDown: boolean
  readonly pageUp: boolean
  readonly home: boolean
  readonly end: boolean
  readonly return: boolean
  readonly escape: boolean
  readonly ctrl: boolean
  readonly shift: boolean
  readonly tab: boolean
  readonly backspace: boolean
  readonly delete: boolean
  readonly meta: boolean
}

/** From Ink's `useInput`. Keys that mean nothing here give an empty list. */
export function keysOf(input: string, key: InkKey): readonly Key[] {
  const name = nameOf(input, key)
  if (name !== null) return [named(name)]
  return key.ctrl || key.meta ? [] : split(input, false)
}

/** From Ink's `usePaste`: text and Enters, never a command key. */
export const pastedKeys = (text: string): readonly Key[] => split(text.replace(/\t/g, ' '), true)

const named = (name: NamedKey, pasted = false): Key => ({ kind: 'named', name, pasted })

function nameOf(input: string, key: InkKey): NamedKey | null {
  if (key.return) return key.meta ? null : 'enter'
  if (key.escape) return 'escape'
  if (key.tab) return key.shift ? 'backtab' : 'tab'
  if (key.backspace) return key.meta || key.ctrl ? 'ctrl-w' : 'backspace'
  if (key.delete) return 'delete'
  if (key.upArrow) return 'up'
  if (key.downArrow) return 'down'
  if (key.leftArrow) return key.ctrl || key.meta ? 'word-left' : 'left'
  if (key.rightArrow) return key.ctrl || key.meta ? 'word-right' : 'right'
  if (key.home) return 'home'
  if (key.end) return 'end'
  if (key.pageUp) return 'pageup'
  if (key.pageDown) return 'pagedown'
  if (key.meta && input === 'b') return 'word-left'
  if (key.meta && input === 'f') return 'word-right'
  return key.ctrl && /^[a-z]$/.test(input) ? `ctrl-${input}` : null
}

function split(input: string, pasted: boolean): Key[] {
  const keys: Key[] = []
  let text = ''
  const flush = () => {
    if (text !== '') keys.push({ kind: 'text', text, pasted })
    text = ''
  }
  for (const character of input.replace(/\r\n/g, '\r')) {
    const name = controlName(character)
    if (name === undefined) {
      text += character
      continue
    }
    flush()
    if (name !== null && (name === 'enter' || !pasted)) keys.push(named(name, pasted))
  }
  flush()
  return keys
}

/** undefined: text. null: a control character without a meaning. */
function controlName(character: string): NamedKey | null | undefined {
  const code = character.codePointAt(0) ?? 0
  if (character === '\r' || character === '\n') return 'enter'
  if (character === '\t') return 'tab'
  if (code === 0x7f || code === 0x08) return 'backspace'
  if (code >= 1 && code <= 26) return `ctrl-${String.fromCharCode(code + 96)}`
  return code < 0x20 || (code >= 0x80 && code < 0xa0) ? null : undefined
}
