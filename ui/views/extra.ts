/** The pictures that appear where there is room beside the four panes: traffic, mining, the tally, the log. */
import type { Snapshot, TallyView } from '../../src/api.js'
import type { Charts } from '../charts/charts.js'
import { hashRateUnit, rateUnit } from '../charts/rates.js'
import { choicesOf } from '../charts/tally.js'
import type { Extra } from '../layout.js'
import type { Model } from '../state.js'
import { column, cut, type Line, paint, type Span, styled, wrap } from '../text/line.js'
import { age, bar, hashRate, plural, powerOfTwo, rate } from '../text/units.js'
import { clock, LEVEL_STYLES } from './log.js'
import { frame } from './pane.js'

/** Exactly `height` lines of exactly `width` cells. */
export function extraLines(area: Extra, model: Model, width: number, height: number): readonly string[] {
  const { title, lines } = PAGES[area](model, Math.max(0, width - 4), Math.max(0, height - 2))
  const painted = lines.map((line) => paint(line, Math.max(0, width - 4), model.look))
  return frame({ title, count: '', focused: false, lines: painted }, width, height, model.look)
}

interface Picture {
  readonly title: string
  readonly lines: readonly Line[]
}

const PAGES: Readonly<Record<Extra, (model: Model, width: number, height: number) => Picture>> = {
  rates: ratesPicture,
  mining: miningPicture,
  tally: tallyPicture,
  log: logPicture,
}

/** Words in place of a picture: wrapped, since what to do next must not be cut off. */
const words = (text: string, width: number, { look }: Model): readonly Line[] =>
  wrap(text, Math.max(1, width), look).map((part) => [styled('dim', part)])

/** The charts, or why there are none. */
function withCharts(model: Model, width: number, draw: (charts: Charts) => readonly Line[]): readonly Line[] {
  const { charts, look } = model
  if (charts.kind === 'ready') return draw(charts.charts)
  return words(charts.kind === 'missing' ? `no charts: ${charts.reason}` : `loading${look.glyphs.more}`, width, model)
}

/** Narrower, the axis says it well enough. */
const LEGEND_FROM = 50

/** Down and up of the last two minutes. */
function ratesPicture(model: Model, width: number, height: number): Picture {
  const { look, rates } = model
  const { down, up } = rates.at(-1) ?? { down: 0, up: 0 }
  const legend: Line = [
    styled('in', look.glyphs.incoming),
    ` ${rate(down)} down  `,
    styled('out', look.glyphs.outgoing),
    ` ${rate(up)} up`,
    ...(width < LEGEND_FROM ? [] : [styled('dim', '  last two minutes')]),
  ]
  const chart = withCharts(model, width, (charts) => charts.rates(rates, width, height - 1, look))
  return { title: `Rate ${rateUnit(rates)}`, lines: [legend, ...chart] }
}

/** Two charts side by side need this much, one above the other that much. */
const PAIR = { width: 56, height: 15 }

/** What this peer tries, and how hard it is. */
function miningPicture(model: Model, width: number, height: number): Picture {
  const { look, rates, snapshot } = model
  const title = `Mining ${hashRateUnit(rates)}`
  const blocks = snapshot?.chain.blocks ?? []
  if (snapshot === null || (blocks.length === 0 && !snapshot.mining.active)) {
    return { title, lines: words('nothing was mined yet: :vote <voter> <choice> makes the first block', width, model) }
  }
  const legend = miningLegend(snapshot, model)
  const rate = (w: number, h: number) => withCharts(model, w, ({ hashRate: draw }) => draw(rates, w, h, look))
  const difficulty = (w: number, h: number) => withCharts(model, w, (charts) => charts.difficulty(blocks, w, h, look))
  const captions = ['tries, last two minutes', `difficulty 2^n, ${plural(blocks.length, 'block')}`].map(
    (text): Line => [styled('dim', text)],
  )
  const [over = [], under = []] = captions
  if (width >= PAIR.width) {
    const half = Math.floor((width - 2) / 2)
    const left = [over, ...rate(half, height - 2)]
    const right = [under, ...difficulty(half, height - 2)]
    const rows = left.map((line, row): Line => [...cut(line, half, look), '  ', ...(right[row] ?? [])])
    return { title, lines: [legend, ...rows] }
  }
  if (height < PAIR.height) return { title, lines: [legend, over, ...rate(width, height - 2)] }
  const upper = Math.floor((height - 3) / 2)
  const lines = [legend, over, ...rate(width, upper), under, ...difficulty(width, height - 3 - upper)]
  return { title, lines }
}

function miningLegend({ mining }: Snapshot, { look }: Model): Line {
  const state: Span = mining.active
    ? styled('good', `${look.glyphs.busy} ${hashRate(mining.hashRate)}`)
    : styled('dim', `${look.glyphs.down} not mining now`)
  return [state, styled('dim', `  mine ${mining.mode}  next ${powerOfTwo(mining.difficulty)}`)]
}

/** Rows that a poll's upright bars need, its name among them. */
const UPRIGHT = { least: 8, most: 14 }

/** Every poll's choices, the strongest first: upright bars where they fit, else a line for each. */
function tallyPicture(model: Model, width: number, height: number): Picture {
  const tallies = model.snapshot?.tallies ?? []
  if (tallies.length === 0) {
    return { title: 'Tally', lines: words('no votes yet: :vote <voter> <choice>', width, model) }
  }
  const lines: Line[] = []
  for (const [index, tally] of tallies.entries()) {
    const later = tallies.slice(index + 1).reduce((sum, { choices }) => sum + 1 + Object.keys(choices).length, 0)
    const room = Math.min(UPRIGHT.most, height - lines.length - later)
    lines.push(...pollLines(tally, width, room, model))
  }
  return { title: 'Tally', lines }
}

function pollLines(tally: TallyView, width: number, room: number, { charts, look, now }: Model): readonly Line[] {
  const title: Line = [styled('bold', tally.poll), styled('dim', `  ${stateOf(tally, now)}`), pollQuestion(tally)]
  if (charts.kind === 'ready' && room >= UPRIGHT.least) {
    const drawn = charts.charts.tally(tally, width, room - 1, look)
    if (drawn.length > 0) return [title, ...drawn]
  }
  const nameWidth = Math.max(6, Math.min(18, Math.floor(width / 3)))
  const barWidth = Math.max(4, width - nameWidth - 9)
  const lines = choicesOf(tally).map(([choice, count]): Line => {
    const share = tally.total > 0 ? count / tally.total : 0
    return [column(choice, nameWidth, look), ' ', styled('accent', bar(share, barWidth, look)), ` ${count}`.padStart(7)]
  })
  return [title, ...lines]
}

function stateOf({ state, total, closes }: TallyView, now: number): string {
  if (state === 'final') return `final, ${total}`
  if (state === 'ended') return `ended, ${total}`
  const left = closes === null ? '' : `, ends in ${age(closes * 1000 - now).trim()}`
  return `${total} so far${left}`
}

const pollQuestion = ({ question }: TallyView): Span => (question === '' ? '' : `  ${question}`)

/** The newest log lines, whole; pings and the like only in `:log`. */
function logPicture(model: Model, width: number, height: number): Picture {
  const { look } = model
  const log = model.log.filter(({ level }) => level !== 'debug')
  if (log.length === 0) return { title: 'Log', lines: words('nothing logged yet; :log opens all of it', width, model) }
  const lines: Line[] = []
  for (const line of log.slice(-Math.max(1, height))) {
    for (const [index, part] of wrap(line.text, Math.max(1, width - 9), look).entries()) {
      lines.push([
        styled('dim', index === 0 ? `${clock(line.time)} ` : ' '.repeat(9)),
        styled(LEVEL_STYLES[line.level], part),
      ])
    }
  }
  return { title: 'Log', lines: lines.slice(-Math.max(1, height)) }
}
