/**
 * What stands beside a pane's list where there is room: the ring as a picture, the picked block, the chunks of a download.
 * Invariant: how much room it takes follows from the pane's size, never from what is in it.
 */
import type { ChunkMapView, Snapshot } from '../../src/api.js'
import { cursorIndex } from '../input/panes.js'
import type { Model, PaneId } from '../state.js'
import { type Line, styled } from '../text/line.js'
import { blockLines } from './block.js'
import { chunkMapLines } from './chunk-map.js'
import { contentOf } from './rows.js'

export interface Beside {
  readonly place: 'left' | 'right' | 'above' | 'below'
  /** Cells or lines that it takes of the pane, the gap to the list among them. */
  readonly size: number
  readonly lines: readonly Line[]
}

const RING_LIST = { width: 36, height: 7 }
const NAME_ROOM = 16
/** Rows of the smallest circle in which peers can be told apart. */
const SMALLEST_CIRCLE = 8
/** From here on a list is better with something below it than longer. */
const BELOW_FROM = 17
const BESIDE_FROM = { width: 110, height: 8 }
const SHARE = 0.42

/** `width` and `height`: the inside of the pane. */
export function besideOf(pane: PaneId, model: Model, width: number, height: number): Beside | null {
  const { snapshot } = model
  if (snapshot === null) return null
  switch (pane) {
    case 'peers':
      return null
    case 'ring':
      return ringPicture(snapshot, model, width, height)
    case 'chain':
      return pickedBlock(snapshot, model, width, height)
    case 'files':
      return chunkMaps(snapshot, model, width, height)
  }
}

/** Whether a pane of this size would like a picture by blessed-contrib. */
export const wantsPicture = (width: number, height: number): boolean => circleOf(width - 4, height - 2) !== null

interface Circle {
  readonly place: 'left' | 'above'
  readonly width: number
  readonly height: number
}

/** The bigger one of a circle left of the list and a circle above it; a cell is half as wide as high. */
function circleOf(width: number, height: number): Circle | null {
  const left = Math.min(width - RING_LIST.width, 2 * height + 2 * NAME_ROOM)
  const above = Math.min(height - Math.max(RING_LIST.height, Math.floor(height * SHARE)), Math.ceil(width / 2))
  const beside = Math.min(height, Math.floor(left / 2))
  if (Math.max(beside, above) < SMALLEST_CIRCLE) return null
  return beside >= above ? { place: 'left', width: left, height } : { place: 'above', width, height: above }
}

function ringPicture(snapshot: Snapshot, { charts, look }: Model, width: number, height: number): Beside | null {
  const circle = circleOf(width, height)
  if (circle === null || charts.kind !== 'ready') return null
  const lines = charts.charts.ring(snapshot, circle.width, circle.height, look)
  return { place: circle.place, size: circle.place === 'left' ? circle.width + 1 : circle.height, lines }
}

/** Below the list, or right of it where the pane is wide and there is height only for one of them. */
function roomBeside(width: number, height: number): { place: 'right' | 'below'; width: number; height: number } | null {
  if (width >= BESIDE_FROM.width && height >= BESIDE_FROM.height) {
    return { place: 'right', width: Math.floor(width / 2), height }
  }
  if (height < BELOW_FROM) return null
  return { place: 'below', width, height: Math.floor(height * SHARE) }
}

function pickedBlock(snapshot: Snapshot, model: Model, width: number, height: number): Beside | null {
  const room = roomBeside(width, height)
  const hash = pickedKey('chain', model, width)
  const block = snapshot.chain.blocks.find((one) => one.hash === hash)
  if (room === null || block === undefined) return null
  const title: Line = [styled('bold', `Block #${block.height}`)]
  const lines = [title, ...blockLines(block, snapshot, model, room.width - 1)]
  return {
    place: room.place,
    size: room.place === 'below' ? room.height : room.width,
    lines: parted(lines, room.place),
  }
}

function chunkMaps(snapshot: Snapshot, model: Model, width: number, height: number): Beside | null {
  const room = roomBeside(width, height)
  const first = room === null ? undefined : shownMap(snapshot, pickedKey('files', model, width))
  if (room === null || first === undefined) return null
  const others = model.ui.zoom ? snapshot.chunkMaps.filter((map) => map !== first) : []
  const maps = [first, ...others].slice(0, Math.max(1, Math.floor(room.height / SMALLEST_CIRCLE)))
  const each = Math.floor((room.height - 1) / maps.length)
  const lines = maps.flatMap((map) => {
    const name = snapshot.transfers.find(({ n }) => n === map.n)?.name ?? ''
    const drawn = chunkMapLines(map, name, room.width - 1, each - (maps.length > 1 ? 1 : 0), model.look)
    return maps.length > 1 ? [...drawn, []] : drawn
  })
  return {
    place: room.place,
    size: room.place === 'below' ? room.height : room.width,
    lines: parted(lines, room.place),
  }
}

/** Of the download under the cursor, else of the first one that runs. */
function shownMap({ chunkMaps: maps, transfers }: Snapshot, key: string | undefined): ChunkMapView | undefined {
  const running = transfers.find(({ n, state }) => state === 'running' && maps.some((map) => map.n === n))
  return maps.find(({ n }) => `t:${n}` === key) ?? maps.find(({ n }) => n === running?.n) ?? maps[0]
}

/** What stands below a list is a line apart from it. */
const parted = (lines: readonly Line[], place: Beside['place']): readonly Line[] =>
  place === 'below' ? [[], ...lines] : lines

function pickedKey(pane: PaneId, model: Model, width: number): string | undefined {
  const keys = contentOf(pane, model, width).rows.map(({ key }) => key)
  return keys[cursorIndex(model.ui, pane, keys)]
}
