/**
 * Which picture goes where, for any size. Invariant: columns and their cells fill the screen exactly, so a frame has
 * neither gaps nor overlaps; below 40x10 there is nothing but a word.
 */
import { PANES, type PaneId, type Size } from './state.js'

export type Area = PaneId | 'rates' | 'tally' | 'log' | 'overlay'

export interface Cell {
  readonly area: Area
  readonly height: number
}

export interface Column {
  readonly width: number
  readonly cells: readonly Cell[]
}

export type Layout =
  | { readonly kind: 'small' }
  | {
      readonly kind: 'panes'
      /** Rows of the header line, the tabs (only over a single pane), the message, the hints, the prompt. */
      readonly header: 1
      readonly tabs: 0 | 1
      readonly columns: readonly Column[]
      readonly message: number
      readonly hints: 1
      readonly prompt: 1
    }

export const SMALLEST: Size = { columns: 40, rows: 10 }
const GRID: Size = { columns: 80, rows: 24 }
const CHARTS: Size = { columns: 110, rows: 34 }
const WIDE: Size = { columns: 170, rows: 45 }

export interface Wish {
  readonly focus: PaneId
  readonly zoom: boolean
  readonly overlay: boolean
  /** Lines that the message would like. */
  readonly messageLines: number
}

export function layoutOf(size: Size, wish: Wish): Layout {
  if (!fits(size, SMALLEST)) return { kind: 'small' }
  const single = wish.zoom || !fits(size, GRID)
  const message = Math.max(1, Math.min(wish.messageLines, fits(size, GRID) ? 3 : 1))
  const tabs = single && !wish.overlay ? 1 : 0
  const height = size.rows - message - tabs - 3
  return {
    kind: 'panes',
    header: 1,
    tabs,
    columns: columnsOf(size, wish, height, single),
    message,
    hints: 1,
    prompt: 1,
  }
}

/** Whether the layout of this size shows this area. */
export function shows(layout: Layout, area: Area): boolean {
  return layout.kind === 'panes' && layout.columns.some(({ cells }) => cells.some((cell) => cell.area === area))
}

export function cellOf(layout: Layout, area: Area): { readonly width: number; readonly height: number } | null {
  if (layout.kind !== 'panes') return null
  for (const { width, cells } of layout.columns) {
    const cell = cells.find((one) => one.area === area)
    if (cell !== undefined) return { width, height: cell.height }
  }
  return null
}

/** Frames a second: painting is the cost, and it grows with the screen. */
export function framesPerSecond(size: Size): number {
  if (fits(size, WIDE)) return 3
  return fits(size, CHARTS) ? 5 : 8
}

const fits = (size: Size, least: Size): boolean => size.columns >= least.columns && size.rows >= least.rows

function columnsOf(size: Size, wish: Wish, height: number, single: boolean): readonly Column[] {
  if (wish.overlay) return [{ width: size.columns, cells: [{ area: 'overlay', height }] }]
  if (single) return [{ width: size.columns, cells: [{ area: wish.focus, height }] }]
  if (fits(size, WIDE)) {
    return split(size.columns, height, [
      [
        ['peers', 1],
        ['chain', 1],
      ],
      [
        ['ring', 5],
        ['files', 6],
      ],
      [
        ['rates', 4],
        ['tally', 3],
        ['log', 5],
      ],
    ])
  }
  if (fits(size, CHARTS)) {
    return split(size.columns, height, [
      [
        ['peers', 1],
        ['chain', 1],
      ],
      [
        ['ring', 13],
        ['files', 12],
        ['rates', 11],
      ],
    ])
  }
  return split(size.columns, height, [
    [
      ['peers', 1],
      ['ring', 1],
    ],
    [
      ['chain', 1],
      ['files', 1],
    ],
  ])
}

function split(
  width: number,
  height: number,
  plan: readonly (readonly (readonly [Area, number])[])[],
): readonly Column[] {
  const widths = shares(
    width,
    plan.map(() => 1),
  )
  return plan.map((cells, index) => {
    const heights = shares(
      height,
      cells.map(([, share]) => share),
    )
    return {
      width: widths[index] ?? 0,
      cells: cells.map(([area], cell) => ({ area, height: heights[cell] ?? 0 })),
    }
  })
}

/** Whole numbers in these proportions that sum up to `total`; the first ones get the remainder. */
function shares(total: number, weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  const floors = weights.map((weight) => Math.floor((total * weight) / sum))
  let rest = total - floors.reduce((all, one) => all + one, 0)
  return floors.map((floor) => floor + (rest-- > 0 ? 1 : 0))
}

export const paneNumber = (pane: PaneId): number => PANES.indexOf(pane) + 1
