/** The pictures that appear where there is room: traffic, the ring beside its list, the tally, the log. */
import type { TallyView } from '../../src/api.js'
import { rateUnit } from '../charts/rates.js'
import type { Model } from '../state.js'
import { column, type Line, type Span, styled } from '../text/line.js'
import { bar } from '../text/units.js'
import { clock } from './overlay.js'
import { frame, paneLines, type Side } from './pane.js'

function framed(title: string, lines: readonly Line[], width: number, height: number, model: Model): readonly string[] {
  const rows = lines.map((line) => ({ line, selected: false }))
  return frame({ title, count: '', focused: false, side: null, rows }, width, height, model)
}

/** Down and up of the last two minutes. */
export function ratesLines(model: Model, width: number, height: number): readonly string[] {
  const { charts, look, rates } = model
  const title = `Rate ${rateUnit(rates)}`
  if (charts.kind !== 'ready') {
    const words = charts.kind === 'missing' ? `no charts: ${charts.reason}` : `loading${look.glyphs.more}`
    return framed(title, [[styled('dim', words)]], width, height, model)
  }
  const drawn = charts.charts.rates(rates, width - 4, height - 3, look)
  const legend: Line = [
    styled('in', `${look.glyphs.incoming} down`),
    '  ',
    styled('out', `${look.glyphs.outgoing} up`),
    styled('dim', '  last two minutes'),
  ]
  return framed(title, [legend, ...drawn], width, height, model)
}

/** The ring's list, beside its picture where there is room for both. */
export function ringLines(model: Model, width: number, height: number): readonly string[] {
  const { charts, snapshot, look } = model
  const side: Side = { width: Math.min(2 * (height - 2), width - 36), lines: [] }
  if (charts.kind !== 'ready' || snapshot === null || side.width < 16) return paneLines('ring', model, width, height)
  // the canvas wants an even number of columns
  const even = side.width - (side.width % 2)
  return paneLines('ring', model, width, height, {
    width: even,
    lines: charts.charts.ring(snapshot, even, height - 2, look),
  })
}

/** Every poll's choices as bars, the strongest first. */
export function tallyLines(model: Model, width: number, height: number): readonly string[] {
  const lines = (model.snapshot?.tallies ?? []).flatMap((tally) => pollLines(tally, width - 4, model))
  const empty: Line[] = [[styled('dim', 'no votes yet')]]
  return framed('Tally', lines.length === 0 ? empty : lines, width, height, model)
}

function pollLines(tally: TallyView, width: number, { look }: Model): Line[] {
  const choices = Object.entries(tally.choices).sort(([a, x], [b, y]) => y - x || a.localeCompare(b))
  const nameWidth = Math.max(6, Math.min(18, Math.floor(width / 3)))
  const barWidth = Math.max(4, width - nameWidth - 9)
  const state: Span = styled('dim', tally.final ? ` final, ${tally.total}` : ` ${tally.total} so far`)
  return [
    [styled('bold', tally.poll), state],
    ...choices.map(
      ([choice, count]): Line => [
        column(choice, nameWidth, look),
        ' ',
        styled('accent', bar(tally.total > 0 ? count / tally.total : 0, barWidth, look)),
        String(count).padStart(7),
      ],
    ),
  ]
}

/** The newest log lines. */
export function logLines(model: Model, width: number, height: number): readonly string[] {
  const lines = model.log.slice(-Math.max(1, height - 2)).map((line): Line => {
    const style = line.level === 'warn' || line.level === 'error' ? 'bad' : line.level === 'debug' ? 'dim' : 'plain'
    return [styled('dim', `${clock(line.time)} `), styled(style, line.text)]
  })
  return framed('Log', lines, width, height, model)
}
