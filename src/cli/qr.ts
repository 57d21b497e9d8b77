/**
 * A text as a QR code of half blocks (ISO/IEC 18004, byte mode, level L), two modules in one cell's height. Lit cells are
 * the code's light ones: whoever prints it does so in light on dark, whatever the terminal's own colours are.
 */
import qrcode from 'qrcode-terminal'

/** Level L at 8-bit holds 2953 bytes, which no terminal shows; far beyond any ticket. */
const MAX_TEXT = 1000
const LIGHT_ON_DARK = '\u001b[97;40m'
const RESET = '\u001b[0m'

/** Lines of the same width, border included; empty where the text is too long for any screen. */
export function qrLines(text: string): readonly string[] {
  if (text.length > MAX_TEXT) return []
  let drawn = ''
  qrcode.generate(text, { small: true }, (code) => {
    drawn = code
  })
  return drawn.split('\n').filter((line) => line !== '')
}

/** For a shell whose terminal is `columns` wide; empty where it does not fit. */
export function qrForShell(text: string, columns: number): readonly string[] {
  const lines = qrLines(text)
  if ((lines[0]?.length ?? 0) > columns) return []
  return lines.map((line) => `${LIGHT_ON_DARK}${line}${RESET}`)
}
