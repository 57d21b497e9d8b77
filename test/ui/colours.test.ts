// Every colour that the console writes, against the palettes that people have.
import assert from 'node:assert'
import { test } from 'uvu'
import { type Look, lookOf } from '../../ui/look.js'
import { paint, type Style, sgrOf, styled } from '../../ui/text/line.js'

interface Palette {
  readonly name: string
  readonly foreground: string
  readonly background: string
  /** The sixteen. */
  readonly colours: readonly string[]
}

const words = (text: string): readonly string[] => text.split(' ')
const XTERM = words(
  '000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff',
)
const VGA = words(
  '000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff',
)
const SOLARIZED = words(
  '073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5 002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3',
)
const MACOS = words(
  '000000 c23621 25bc24 adad27 492ee1 d338d3 33bbc8 cbcccd 818383 fc391f 31e722 eaec23 5833ff f935f8 14f0f0 e9ebeb',
)
const GNOME = words(
  '171421 c01c28 26a269 a2734c 12488b a347ba 2aa1b3 d0cfcc 5e5c64 f66151 33da7a e9ad0c 2a7bde c061cb 33c7de ffffff',
)

const PALETTES: Readonly<Record<'dark' | 'light', readonly Palette[]>> = {
  dark: [
    { name: 'xterm -rv', foreground: 'e5e5e5', background: '000000', colours: XTERM },
    { name: 'VGA', foreground: 'aaaaaa', background: '000000', colours: VGA },
    { name: 'Linux console', foreground: 'aaaaaa', background: '000000', colours: VGA },
    { name: 'Solarized dark', foreground: '839496', background: '002b36', colours: SOLARIZED },
    { name: 'macOS Basic, dark', foreground: 'ffffff', background: '1e1e1e', colours: MACOS },
    { name: 'GNOME dark', foreground: 'd0cfcc', background: '171421', colours: GNOME },
  ],
  light: [
    { name: 'xterm', foreground: '000000', background: 'ffffff', colours: XTERM },
    { name: 'Solarized light', foreground: '657b83', background: 'fdf6e3', colours: SOLARIZED },
    { name: 'macOS Basic', foreground: '000000', background: 'ffffff', colours: MACOS },
    { name: 'GNOME light', foreground: '171421', background: 'ffffff', colours: GNOME },
  ],
}

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/../g) ?? []).map((part) => {
    const share = Number.parseInt(part, 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

/** xterm, VTE and Alacritty take a third off each channel; the Linux console has its dark grey. */
function faint(palette: Palette): string {
  if (palette.name === 'Linux console') return palette.colours[8] ?? ''
  return (palette.foreground.match(/../g) ?? [])
    .map((part) =>
      Math.round((Number.parseInt(part, 16) * 2) / 3)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')
}

function shown(codes: readonly number[], palette: Palette): { ink: string; ground: string } {
  let ink = codes.includes(2) ? faint(palette) : palette.foreground
  let ground = palette.background
  for (const code of codes) {
    if (code >= 30 && code <= 37) ink = palette.colours[code - 30] ?? ''
    if (code >= 90 && code <= 97) ink = palette.colours[code - 82] ?? ''
    if (code >= 40 && code <= 47) ground = palette.colours[code - 40] ?? ''
  }
  return codes.includes(7) ? { ink: ground, ground: ink } : { ink, ground }
}

const STYLES: readonly Style[] = [
  'plain',
  'dim',
  'bold',
  'accent',
  'good',
  'busy',
  'bad',
  'cursor',
  'in',
  'out',
  'picture',
]
/** Only ever marks and bars, whose shape says the same as their colour. */
const MARKS: ReadonlySet<Style> = new Set(['good', 'in'])

const lookOn = (background: string | undefined): Look => lookOf({ LANG: 'C.UTF-8', COLORFGBG: background })

function demand(look: Look, palettes: readonly Palette[], least: (style: Style) => number): void {
  for (const palette of palettes) {
    for (const style of STYLES) {
      const { ink, ground } = shown(sgrOf(style, look), palette)
      const ratio = contrast(ink, ground)
      assert(ratio >= least(style), `${style} on ${palette.name}: ${ratio.toFixed(2)} of ${least(style)}`)
    }
  }
}

test('the formula is that of WCAG', () => {
  assert.strictEqual(contrast('000000', 'ffffff'), 21)
  assert.strictEqual(contrast('777777', 'ffffff').toFixed(2), '4.48')
})

test('on a background that is known every style has a contrast of 3, what is dim 2.4', () => {
  const least = (style: Style) => (style === 'dim' ? 2.4 : 3)
  demand(lookOn('15;0'), PALETTES.dark, least)
  demand(lookOn('0;15'), PALETTES.light, least)
})

test('where it is not known every word has 2.5 on all of them, a green mark 2.1', () => {
  const least = (style: Style) => (MARKS.has(style) ? 2.1 : style === 'dim' ? 2.4 : 2.5)
  demand(lookOn(undefined), [...PALETTES.dark, ...PALETTES.light], least)
})

test('the line under the cursor is swapped, with the contrast of the text, and nothing on it is dim', () => {
  for (const background of ['15;0', '0;15', undefined]) {
    const look = lookOn(background)
    const line = paint(
      STYLES.map((style) => styled(style, 'x')),
      STYLES.length,
      look,
      true,
    )
    const spans = line
      .split('\u001b[')
      .slice(1)
      .filter((span) => !span.startsWith('0m'))
    assert.strictEqual(spans.length, STYLES.length)
    for (const span of spans) {
      const codes = (/^([\d;]*)m/.exec(span)?.[1] ?? '').split(';').map(Number)
      assert(codes.includes(7), span)
      assert(!codes.includes(2), span)
    }
  }
})

test.run()
