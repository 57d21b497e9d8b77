/** The whole screen as areas: the layout for a model, and the lines of each area. */
import { type Area, type Layout, layoutOf } from '../layout.js'
import type { Model, Size } from '../state.js'
import { paint } from '../text/line.js'
import { logLines, ratesLines, ringLines, tallyLines } from './extra.js'
import { messageHeight } from './message.js'
import { overlayLines } from './overlay.js'
import { paneLines } from './pane.js'

export function layoutFor(model: Model): Layout {
  const { ui, size } = model
  const wish = { focus: ui.focus, zoom: ui.zoom, overlay: ui.overlay !== null, messageLines: messageHeight(model) }
  return layoutOf(size, wish)
}

/** Exactly `height` lines of exactly `width` cells. */
export function areaLines(area: Area, model: Model, width: number, height: number): readonly string[] {
  switch (area) {
    case 'peers':
    case 'chain':
    case 'files':
      return paneLines(area, model, width, height)
    case 'ring':
      return ringLines(model, width, height)
    case 'rates':
      return ratesLines(model, width, height)
    case 'tally':
      return tallyLines(model, width, height)
    case 'log':
      return logLines(model, width, height)
    case 'overlay':
      return model.ui.overlay === null ? [] : overlayLines(model.ui.overlay, model, width, height)
  }
}

/** All there is to say below the smallest size. */
export function tooSmallLines({ look }: Model, { columns, rows }: Size): readonly string[] {
  const word = paint([columns >= 24 ? `too small: ${columns}x${rows} of 40x10` : 'too small'], columns, look)
  return Array.from({ length: rows }, (_, row) => (row === 0 ? word : ' '.repeat(columns)))
}
