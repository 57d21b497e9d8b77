/**
 * Which picture goes where, for any size. Invariant: columns and their cells fill the screen exactly, so a frame has
 * neither gaps nor overlaps; below 40x10 there is nothing but a word. What is shown depends on the size alone; how high it
 * is depends on what there is to show as well, in steps that do not follow every change (see `needs.ts`).
 */
import type { Needs } from './needs.js'
import { PANES, type PaneId, type Size } from './state.js'

export type Extra = 'rates' | 'mining' | 'tally' | 'log'
export type Area = PaneId | Extra | 'overlay'

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
const THREE_COLUMNS_FROM = 156
const FOUR_COLUMNS_FROM = 236
/** Below this height two lists fill a column: a third picture would leave them too little. */
const GRID_UP_TO = 27
/** Header, message of three lines, hints, prompt: what is shown must not depend on how long the message is. */
const ROWS_AROUND = 6

export interface Wish {
  readonly focus: PaneId
  readonly zoom: boolean
  readonly overlay: boolean
  /** Lines that the message would like. */
  readonly messageLines: number
  readonly needs: Needs
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
  return cellOf(layout, area) !== null
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
  if (size.columns < THREE_COLUMNS_FROM && size.rows - ROWS_AROUND < GRID_UP_TO) return gridOf(size, height, wish.needs)
  const plan = planOf(size)
  const widths = shares(size.columns, plan.length === 3 ? [5, 4, 4] : plan.map(() => 1))
  return plan.map((places, index) => ({
    width: widths[index] ?? 0,
    cells: cellsOf(
      places.filter(({ from }) => size.rows - ROWS_AROUND >= from).map(({ area }) => area),
      height,
      wish.needs,
    ),
  }))
}

/** Two by two, their edges in line. */
function gridOf({ columns }: Size, height: number, needs: Needs): readonly Column[] {
  const upper = Math.max(needs.peers, needs.chain)
  const lower = Math.max(needs.ring, needs.files)
  const [first = 0, second = 0] = levelled(
    height,
    [upper, lower].map((need) => Math.max(LEAST.peers, need)),
  )
  const rest = height - first - second
  const top = first + Math.ceil(rest / 2)
  const [left = 0, right = 0] = shares(columns, [1, 1])
  const column = (width: number, over: Area, under: Area): Column => ({
    width,
    cells: [
      { area: over, height: top },
      { area: under, height: height - top },
    ],
  })
  return [column(left, 'peers', 'ring'), column(right, 'chain', 'files')]
}

/** An area of a column, top to bottom, and from which height of the column on it is there. */
interface Place {
  readonly area: Area
  readonly from: number
}
const at = (area: Area, from = 0): Place => ({ area, from })

function planOf({ columns }: Size): readonly (readonly Place[])[] {
  if (columns >= FOUR_COLUMNS_FROM) {
    return [
      [at('peers'), at('log')],
      [at('chain'), at('mining')],
      [at('ring'), at('tally')],
      [at('files'), at('rates')],
    ]
  }
  if (columns >= THREE_COLUMNS_FROM) {
    return [
      [at('peers'), at('chain')],
      [at('ring'), at('files')],
      [at('rates'), at('mining', 31), at('tally', 24), at('log')],
    ]
  }
  return [
    [at('peers'), at('chain'), at('mining', 48), at('tally', 40)],
    [at('ring'), at('files'), at('rates'), at('log', 44)],
  ]
}

/** Lines that an area cannot do without, frame included. */
const LEAST: Readonly<Record<Area, number>> = {
  peers: 5,
  chain: 5,
  ring: 5,
  files: 5,
  rates: 8,
  mining: 9,
  tally: 4,
  log: 5,
  overlay: 3,
}

/** Beyond this an area gains nothing; lists and the log always do. */
const MOST: Readonly<Partial<Record<Area, number>>> = { rates: 16, mining: 22 }
/** All that the words of an area take that has nothing to show yet. */
const WORDS_ONLY = 4

/**
 * Everything gets its least, then what it has to show, then an equal part of the rest. Where that is not there for all,
 * those who need little get all of it, and the others part what is left.
 */
function cellsOf(areas: readonly Area[], height: number, needs: Needs): readonly Cell[] {
  const bounds = areas.map((area) => boundsOf(area, needs))
  const least = levelled(
    height,
    bounds.map((one) => one.least),
  )
  const wanted = levelled(
    height,
    bounds.map((one) => one.wanted),
    least,
  )
  const heights = levelled(
    height,
    bounds.map((one) => one.most),
    wanted,
  )
  return areas.map((area, index) => ({ area, height: heights[index] ?? 0 }))
}

function boundsOf(area: Area, needs: Needs) {
  const need = area === 'overlay' ? 0 : needs[area]
  if ((area === 'tally' || area === 'mining') && need === 0) {
    return { least: WORDS_ONLY, wanted: WORDS_ONLY, most: WORDS_ONLY }
  }
  const wanted = Math.max(LEAST[area], need)
  return { least: LEAST[area], wanted, most: area === 'tally' ? wanted : (MOST[area] ?? Number.POSITIVE_INFINITY) }
}

/** Parts out `total` in equal steps to those that are lowest, up to each one's limit; never below where they start. */
function levelled(
  total: number,
  limits: readonly number[],
  start: readonly number[] = limits.map(() => 0),
): readonly number[] {
  const heights = [...start]
  for (let rest = total - sum(start); rest > 0; rest--) {
    let lowest = -1
    for (const [index, height] of heights.entries()) {
      if (height >= (limits[index] ?? 0)) continue
      if (lowest < 0 || height < (heights[lowest] ?? 0)) lowest = index
    }
    if (lowest < 0) return heights
    heights[lowest] = (heights[lowest] ?? 0) + 1
  }
  return heights
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)

/** Whole numbers in these proportions that sum up to `total`; the first ones get the remainder. */
function shares(total: number, weights: readonly number[]): readonly number[] {
  const all = sum(weights)
  const floors = weights.map((weight) => Math.floor((total * weight) / all))
  let rest = total - sum(floors)
  return floors.map((floor) => floor + (rest-- > 0 ? 1 : 0))
}

export const paneNumber = (pane: PaneId): number => PANES.indexOf(pane) + 1
