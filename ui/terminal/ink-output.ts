/**
 * What Ink takes for the terminal: its pictures go to the painter, its switches (screen, cursor, paste) to the terminal, and
 * what it does to erase or to resize goes nowhere, since the painter knows better.
 * Ink 8 writes a picture as one text behind the sequences that erase the one before it (its `log-update.js`).
 */
import type { Size } from '../state.js'
import type { Painter } from './painter.js'

const ESC = '\u001b\\['
const ERASING = new RegExp(`^(?:${ESC}(?:[\\d;]*[AGHJ]|2K))+`)
const SWITCHES = new RegExp(`^(?:${ESC}\\?\\d+[hl])*$`)
const SYNCHRONISED = '?2026'
const TAKES_SCREEN = '\u001b[?1049h'
const LEAVES_SCREEN = '\u001b[?1049l'
const LISTENING: ReadonlySet<PropertyKey> = new Set(['on', 'off', 'addListener', 'removeListener', 'prependListener'])

/** The screen is taken already. */
export function inkOutput(stdout: NodeJS.WriteStream, painter: Painter, size: () => Size): NodeJS.WriteStream {
  let taken = true
  const switched = (text: string): void => {
    if (text.includes(SYNCHRONISED)) return
    if (text === TAKES_SCREEN && taken) return
    if (text === TAKES_SCREEN) painter.forget()
    taken = text === LEAVES_SCREEN ? false : taken || text === TAKES_SCREEN
    stdout.write(text)
  }
  const write = (data: string, done?: () => void): boolean => {
    if (data === '') return stdout.write(data, done)
    if (SWITCHES.test(data)) switched(data)
    else {
      const picture = data.replace(ERASING, '')
      if (picture !== '') painter.paint(picture, size())
    }
    return true
  }
  return new Proxy(stdout, {
    get(target, name) {
      if (name === 'write') return write
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (!LISTENING.has(name)) return value.bind(target)
      return (event: string, listener: () => void) =>
        event === 'resize' ? target : value.call(target, event, listener)
    },
  })
}
