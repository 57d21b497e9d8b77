/** Moving in and between panes, and in what is open over them. */
import { LOG_LEVELS } from '../../src/env.js'
import { type LogOverlay, type Overlay, PANES, type PaneId, type UiState } from '../state.js'
import type { Surroundings } from './step.js'

export const PANE_KEYS: Readonly<Record<string, PaneId>> = Object.fromEntries(
  PANES.map((pane, index) => [String(index + 1), pane]),
)

export function nextPane(pane: PaneId, direction: 1 | -1): PaneId {
  return PANES[(PANES.indexOf(pane) + direction + PANES.length) % PANES.length] ?? pane
}

/** Where the cursor stands in a list that may have changed since. */
export function cursorIndex(ui: UiState, pane: PaneId, keys: readonly string[]): number {
  const { key, index } = ui.cursors[pane]
  const found = key === null ? -1 : keys.indexOf(key)
  return Math.max(0, Math.min(keys.length - 1, found >= 0 ? found : index))
}

export function moveCursor(ui: UiState, name: string, keys: readonly string[], pageLines: number): UiState {
  const at = cursorIndex(ui, ui.focus, keys)
  const to = Math.max(0, Math.min(keys.length - 1, target(name, at, keys.length - 1, pageLines)))
  return { ...ui, cursors: { ...ui.cursors, [ui.focus]: { key: keys[to] ?? null, index: to } } }
}

export function openDetail(ui: UiState, keys: readonly string[]): UiState {
  const key = keys[cursorIndex(ui, ui.focus, keys)]
  return key === undefined ? ui : { ...ui, overlay: { kind: 'detail', pane: ui.focus, key, scroll: 0 } }
}

export function scrollOverlay(ui: UiState, overlay: Overlay, name: string, around: Surroundings): UiState {
  const { pageLines, overlayScroll, overlayTop, lastLog } = around
  const to = Math.max(0, Math.min(overlayScroll, target(name, overlayTop, overlayScroll, pageLines)))
  if (overlay.kind !== 'log') return { ...ui, overlay: { ...overlay, scroll: to } }
  // the log counts from its end, and follows it from there
  const end = to === overlayScroll ? null : lastLog
  return { ...ui, overlay: { ...overlay, scroll: overlayScroll - to, end } }
}

/** The log with more (1) or fewer (-1) levels of lines. */
export function changeLevel(ui: UiState, overlay: Overlay & LogOverlay, step: 1 | -1): UiState {
  const at = LOG_LEVELS.indexOf(overlay.level) - step
  const level = LOG_LEVELS[Math.max(0, Math.min(LOG_LEVELS.length - 1, at))] ?? overlay.level
  return { ...ui, overlay: { ...overlay, level, scroll: 0, end: null } }
}

function target(name: string, at: number, last: number, pageLines: number): number {
  switch (name) {
    case 'j':
    case 'down':
      return at + 1
    case 'k':
    case 'up':
      return at - 1
    case 'pagedown':
      return at + pageLines
    case 'pageup':
      return at - pageLines
    case 'g':
    case 'home':
      return 0
    case 'G':
    case 'end':
      return last
    default:
      return at
  }
}
