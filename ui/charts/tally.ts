/** A poll as upright bars by blessed-contrib, where every choice has room for its name below its bar. */
import type { TallyView } from '../../src/api.js'
import type { Look } from '../look.js'
import { clean, isNarrow } from '../text/cells.js'
import type { Line } from '../text/line.js'
import { type Contrib, read } from './contrib.js'

/** blessed-contrib's bars leave two columns, and one row above and two below them, empty. */
const MARGIN = { width: 2, above: 1, below: 2 }
const LEAST_HEIGHT = 6
const LEAST_NAME = 6
const MOST_WIDTH = 12
/** What blessed-contrib asks for between two bars. */
const GAP = 3

/** The strongest first; of equals, by name. */
export const choicesOf = ({ choices }: TallyView): readonly (readonly [choice: string, votes: number])[] =>
  Object.entries(choices).sort(([a, x], [b, y]) => y - x || a.localeCompare(b))

/** [] where the bars do not fit, or a name below them would not. */
export function drawTally(
  contrib: Contrib,
  tally: TallyView,
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  const choices = choicesOf(tally)
  const each = Math.floor((width - 1) / Math.max(1, choices.length))
  const names = choices.map(([choice]) => clean(choice, look))
  const wanted = Math.max(LEAST_NAME, ...names.map((name) => name.length))
  const simple = names.every((name) => isNarrow(name))
  if (!simple || choices.length === 0 || height < LEAST_HEIGHT || wanted + 1 > each) return []
  const spacing = Math.min(each, Math.max(wanted + 1, MOST_WIDTH + GAP))
  const widget = contrib.bar({
    width: width + MARGIN.width,
    height: height + MARGIN.above + MARGIN.below,
    // it draws a column more than it is told
    barWidth: Math.max(1, spacing - GAP) - 1,
    barSpacing: spacing,
    xOffset: 0,
    maxHeight: Math.max(1, tally.total),
    barBgColor: 'blue',
    barFgColor: 'normal',
    labelColor: 'normal',
  })
  widget.setData({ titles: names.map((name) => name || look.glyphs.unknown), data: choices.map(([, votes]) => votes) })
  return read(widget, { blue: 'accent' }, look).slice(MARGIN.above, MARGIN.above + height)
}
