/** Models to draw: a console in some state over some network, at any size. */
import fc from 'fast-check'
import type { Snapshot } from '../../src/api.js'
import { LOG_LEVELS } from '../../src/env.js'
import { type Charts, loadCharts } from '../../ui/charts/charts.js'
import { formOf } from '../../ui/input/forms.js'
import { lookOf } from '../../ui/look.js'
import { needsOf } from '../../ui/needs.js'
import { editorOf } from '../../ui/prompt/editor.js'
import { initialState, type Model, PANES, type Size, type UiState } from '../../ui/state.js'
import { anyName, anySnapshot } from './arbitraries.js'
import { network } from './network.js'
import { COMMANDS } from './scripted-source.js'

export const NOW = 1_700_000_000_000
export const UTF8 = lookOf({ LANG: 'C.UTF-8' })

let charts: Charts | null = null
const chartsOnce = (): Charts => (charts ??= loadCharts())

export function modelOf(snapshot: Snapshot | null = network(NOW / 1000), change: Partial<Model> = {}): Model {
  return {
    ui: initialState([]),
    snapshot,
    commands: COMMANDS,
    rates: [{ down: 4.2e6, up: 1e5, hashRate: 5.9e6 }],
    needs: needsOf(snapshot),
    log: [],
    charts: { kind: 'ready', charts: chartsOnce() },
    size: { columns: 80, rows: 24 },
    look: UTF8,
    now: NOW,
    ...change,
  }
}

export const anySize: fc.Arbitrary<Size> = fc.oneof(
  fc.record({ columns: fc.integer({ min: 40, max: 300 }), rows: fc.integer({ min: 10, max: 100 }) }),
  // the bands in which the layouts change
  fc.record({ columns: fc.constantFrom(79, 80, 155, 156, 235, 236), rows: fc.integer({ min: 22, max: 56 }) }),
  fc.constantFrom(
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 200, rows: 60 },
    { columns: 40, rows: 10 },
  ),
)

const anyOverlay: fc.Arbitrary<UiState['overlay']> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant('help' as const), scroll: fc.nat(50) }),
  fc.record({
    kind: fc.constant('log' as const),
    scroll: fc.nat(50),
    level: fc.constantFrom(...LOG_LEVELS),
    end: fc.constant(null),
    filter: fc.constantFrom('', 'a'),
  }),
  fc.record({
    kind: fc.constant('text' as const),
    title: anyName,
    lines: fc.array(anyName, { maxLength: 40 }),
    scroll: fc.nat(50),
  }),
)

const anyUi: fc.Arbitrary<UiState> = fc
  .record({
    focus: fc.constantFrom(...PANES),
    zoom: fc.boolean(),
    overlay: anyOverlay,
    mode: fc.constantFrom('panes' as const, 'prompt' as const, 'filter' as const, 'form' as const),
    typed: anyName,
    filter: fc.constantFrom('', '', '', 'a', 'zzz'),
    message: fc.option(anyName),
    index: fc.nat(20),
  })
  .map(({ typed, filter, message, index, ...rest }) => {
    const start = initialState([])
    return {
      ...start,
      ...rest,
      prompt: { ...editorOf(typed), after: typed.slice(0, 5) },
      filter: editorOf(filter),
      form: rest.mode === 'form' ? formOf('vote', 'v', typed) : null,
      filters: { ...start.filters, [rest.focus]: filter },
      cursors: { ...start.cursors, [rest.focus]: { key: null, index } },
      message: message === null ? null : { text: message, level: 'bad', progress: null, at: NOW, from: 'command' },
    }
  })

export const anyModel: fc.Arbitrary<Model> = fc
  .record({
    snapshot: fc.option(anySnapshot, { freq: 20 }),
    ui: anyUi,
    size: anySize,
    look: fc.constantFrom(UTF8, lookOf({ LANG: 'C', NO_COLOR: '1' })),
    log: fc.array(
      fc.record({
        time: fc.nat(),
        level: fc.constantFrom('debug' as const, 'info' as const, 'error' as const),
        text: anyName,
      }),
      {
        maxLength: 20,
      },
    ),
    rates: fc.array(
      fc.record({ down: fc.double({ min: 0, max: 1e15, noNaN: true }), up: fc.nat(), hashRate: fc.nat() }),
      { maxLength: 130 },
    ),
  })
  .map(({ snapshot, ...change }) => modelOf(snapshot, change))
