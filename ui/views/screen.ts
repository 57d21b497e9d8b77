/** The whole screen as areas: the layout for a model, and the lines of each area. */
import { assertNever } from '../../wire/errors.js'
import { type Area, cellOf, type Layout, layoutOf, shows } from '../layout.js'
import type { Model, Size } from '../state.js'
import { paint } from '../text/line.js'
import { wantsPicture } from './beside.js'
import { extraLines } from './extra.js'
import { messageHeight } from './message.js'
import { overlayLines } from './overlay.js'
import { paneLines } from './pane.js'

export function layoutFor(model: Model): Layout {
  const { ui, size, needs } = model
  const { focus, zoom } = ui
  return layoutOf(size, { focus, zoom, overlay: ui.overlay !== null, messageLines: messageHeight(model), needs })
}

/** Whether there is anything on the screen that blessed-contrib would draw. */
export function wantsCharts(model: Model): boolean {
  const layout = layoutFor(model)
  const ring = cellOf(layout, 'ring')
  if (ring !== null && wantsPicture(ring.width, ring.height)) return true
  return shows(layout, 'rates') || shows(layout, 'mining') || shows(layout, 'tally')
}

/** Exactly `height` lines of exactly `width` cells. */
export function areaLines(area: Area, model: Model, width: number, height: number): readonly string[] {
  switch (area) {
    case 'peers':
    case 'chain':
    case 'ring':
    case 'files':
      return paneLines(area, model, width, height)
    case 'rates':
    case 'mining':
    case 'tally':
    case 'log':
      return extraLines(area, model, width, height)
    case 'overlay':
      return model.ui.overlay === null ? [] : overlayLines(model.ui.overlay, model, width, height)
    default:
      return assertNever(area)
  }
}

/** All there is to say below the smallest size. */
export function tooSmallLines({ look }: Model, { columns, rows }: Size): readonly string[] {
  const word = paint([columns >= 24 ? `too small: ${columns}x${rows} of 40x10` : 'too small'], columns, look)
  return Array.from({ length: rows }, (_, row) => (row === 0 ? word : ' '.repeat(columns)))
}
