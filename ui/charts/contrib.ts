/**
 * blessed-contrib off-screen: a widget is built on a stub instead of a blessed screen, so none of blessed's process
 * listeners, stdin capture or alternate screen ever run; what it draws on its braille canvas is read back as spans.
 * Deep-required, since the package's index loads everything it has.
 */
import { createRequire } from 'node:module'
import type { Look } from '../look.js'
import type { Line, Span, Style } from '../text/line.js'
import { styled } from '../text/line.js'

export interface Context {
  strokeStyle: string
  fillStyle: string
  beginPath(): void
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
  stroke(): void
  fillText(text: string, x: number, y: number): void
  clearRect(x: number, y: number, width: number, height: number): void
  readonly _canvas: { frame(): string }
}

export interface Widget {
  emit(event: 'attach'): void
  readonly ctx: Context
  readonly canvasSize: { readonly width: number; readonly height: number }
}

export interface LineSeries {
  readonly title: string
  readonly x: readonly string[]
  readonly y: readonly number[]
  readonly style: { readonly line: string }
}

export interface LineChart extends Widget {
  setData(data: readonly LineSeries[]): void
}

export interface BarChart extends Widget {
  setData(data: { readonly titles: readonly string[]; readonly data: readonly number[] }): void
}

interface WidgetOptions {
  readonly width: number
  readonly height: number
  readonly [option: string]: unknown
}

export interface Contrib {
  line(options: WidgetOptions): LineChart
  bar(options: WidgetOptions): BarChart
  canvas(options: WidgetOptions): Widget
}

/** Takes about 100 ms: call it after the first paint. Throws where the package is not installed. */
export function loadContrib(): Contrib {
  const load = createRequire(import.meta.url)
  const line: (options: object) => LineChart = load('blessed-contrib/lib/widget/charts/line.js')
  const bar: (options: object) => BarChart = load('blessed-contrib/lib/widget/charts/bar.js')
  const canvas: (options: object) => Widget = load('blessed-contrib/lib/widget/canvas.js')
  return {
    line: (options) => mount(line, options),
    bar: (options) => mount(bar, options),
    canvas: (options) => mount(canvas, options),
  }
}

function mount<T extends Widget>(make: (options: object) => T, options: WidgetOptions): T {
  const widget = make({ ...options, screen: stubScreen() })
  widget.emit('attach')
  return widget
}

/** All that a blessed element asks of its screen while nobody renders it. */
function stubScreen(): object {
  const nothing = () => undefined
  const calls = ['on', 'off', 'once', 'removeListener', '_listenMouse', '_listenKeys', 'render', 'setEffects', 'append']
  return {
    type: 'screen',
    clickable: [],
    keyable: [],
    children: [],
    lines: [],
    tabc: '    ',
    dattr: 0,
    focused: true,
    ...Object.fromEntries(calls.map((name) => [name, nothing])),
  }
}

export type Styles = Readonly<Record<string, Style>>

/** What stands on a widget's canvas; colours come back as the styles that they were drawn for. */
export function read(widget: Widget, styles: Styles, look: Look): readonly Line[] {
  return widget.ctx._canvas
    .frame()
    .replace(/\n$/, '')
    .split('\n')
    .map((text) => spansOf(text, styles, look))
}

/** The eight names that the canvas knows, by their SGR digit. */
const COLOUR_NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']
const ESCAPE = '\u001b'

/** A blank on a coloured ground is a piece of a bar: it becomes a block in that colour, which needs no colour to be seen. */
function spansOf(text: string, styles: Styles, look: Look): Line {
  const line: Span[] = []
  const ground = look.glyphs.bar[8] ?? ''
  let style: Style = 'plain'
  let under: Style | null = null
  for (const [index, part] of text.split(`${ESCAPE}[`).entries()) {
    const code = index === 0 ? null : /^(\d+)m/.exec(part)
    if (code !== null) {
      const value = Number(code[1])
      if (value >= 40) under = value === 49 ? null : styleOf(value - 10, styles)
      else style = styleOf(value, styles)
    }
    const shown = code === null ? part : part.slice(code[0].length)
    if (shown === '') continue
    if (under !== null && shown.trim() === '') line.push(styled(under, ground.repeat(shown.length)))
    else line.push(styled(style, look.unicode ? shown : shown.replace(BRAILLE, asciiDots)))
  }
  return line
}

const styleOf = (code: number, styles: Styles): Style =>
  code === 39 ? 'plain' : (styles[COLOUR_NAMES[code - 30] ?? ''] ?? 'plain')

const BRAILLE = /[\u2800-\u28ff]/g

/** A braille cell for terminals without: the more dots, the darker. */
function asciiDots(cell: string): string {
  let dots = 0
  for (let bits = (cell.codePointAt(0) ?? 0) & 0xff; bits > 0; bits >>= 1) dots += bits & 1
  return ' ..::++##'[dots] ?? ' '
}
