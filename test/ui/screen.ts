/** A whole screen from the views alone, put together as the components do. */
import type { Model } from '../../ui/state.js'
import { headerLine } from '../../ui/views/header.js'
import { hintsLine, tabsLine } from '../../ui/views/hints.js'
import { messageLines } from '../../ui/views/message.js'
import { promptLine } from '../../ui/views/prompt.js'
import { areaLines, layoutFor, tooSmallLines } from '../../ui/views/screen.js'

export const withoutStyles = (line: string): string =>
  line
    .split('\u001b[')
    .map((part, index) => (index === 0 ? part : part.replace(/^[\d;]*m/, '')))
    .join('')

/** Its lines, without styles. */
export function screenOf(model: Model): readonly string[] {
  const { columns, rows } = model.size
  const layout = layoutFor(model)
  if (layout.kind === 'small') return tooSmallLines(model, model.size).map(withoutStyles)
  const body = layout.columns.map(({ width, cells }) =>
    cells.flatMap(({ area, height }) => areaLines(area, model, width, height)),
  )
  const bodyRows = rows - layout.header - layout.tabs - layout.message - layout.hints - layout.prompt
  return [
    headerLine(model, columns),
    ...(layout.tabs === 1 ? [tabsLine(model, columns)] : []),
    ...Array.from({ length: bodyRows }, (_, row) => body.map((column) => column[row] ?? 'MISSING').join('')),
    ...messageLines(model, columns, layout.message),
    hintsLine(model, columns),
    promptLine(model, columns),
  ].map(withoutStyles)
}
