/**
 * The console without a terminal: takes keys and the source's changes, and cuts a frozen model at a fixed rate.
 * Invariant: however often the source changes, a model is cut at most `framesPerSecond` times a second, and only after a
 * change, or when an age or a rate on the screen is due; keys make one at once. Where only measured figures changed
 * (see measured.ts), about once a second.
 */
import type { LogLine, Snapshot } from '../src/api.js'
import { HoldersWatch } from './holders-watch.js'
import type { Key } from './input/keys.js'
import { press } from './input/press.js'
import type { Effect, Surroundings, TerminalWish } from './input/step.js'
import { suggesting } from './input/suggesting.js'
import { editedTo, isTyping } from './input/typing.js'
import { Jobs } from './jobs.js'
import { cellOf, framesPerSecond, type Layout, shows } from './layout.js'
import type { Look } from './look.js'
import { sameButMeasured } from './measured.js'
import { needsOf } from './needs.js'
import { RateHistory } from './rates.js'
import type { ConsoleSource, HistoryFile } from './source.js'
import {
  type ChartsState,
  initialState,
  type Message,
  type Model,
  type PaneId,
  type Size,
  type UiState,
} from './state.js'
import { ageChangesInMs } from './text/units.js'
import { copiedFrom } from './views/copied.js'
import { openFile } from './views/detail.js'
import { CHANGES_SHOWN } from './views/folder.js'
import { overlayScroll } from './views/overlay.js'
import { looksSame } from './views/picture.js'
import { contentOf } from './views/rows.js'
import { layoutFor } from './views/screen.js'

/** An answer to a command is safe from chatter for this long. */
const ANSWER_STAYS_MS = 10_000
/** A picture in which only measured figures changed may wait this long; a little less than what ages count in. */
const MEASURED_EVERY_MS = 900
/** Log lines that the screen looks at. */
const LOG_LINES = 1000
/** A graceful leave is bounded by the source; this is for a source that broke its promise. */
const LEAVE_DEADLINE_MS = 15_000
const ABRUPT_DEADLINE_MS = 1000

export interface SessionOptions {
  readonly look: Look
  readonly size: Size
  readonly history?: HistoryFile
  /** The console is done: exit code, and a reason where there is one. */
  readonly left: (exit: number, reason: string) => void
  readonly wished?: (wish: TerminalWish) => void
}

export class ConsoleSession {
  readonly #source: ConsoleSource
  readonly #options: SessionOptions
  readonly #listeners = new Set<() => void>()
  readonly #rates = new RateHistory()
  readonly #jobs: Jobs
  readonly #holders: HoldersWatch
  readonly #unsubscribe: () => void
  #model: Model
  #lastLog: LogLine | undefined
  #lastCut = 0
  #frame: NodeJS.Timeout | null = null
  #tick: NodeJS.Timeout | null = null
  #left = false
  #warned = false
  #closed = false

  constructor(source: ConsoleSource, options: SessionOptions) {
    this.#source = source
    this.#options = options
    this.#model = Object.freeze<Model>({
      ui: initialState(options.history?.lines ?? []),
      snapshot: source.snapshot(),
      commands: source.commands,
      ...(source.attached === undefined ? {} : { attached: source.attached }),
      rates: [],
      needs: needsOf(source.snapshot()),
      log: [],
      charts: { kind: 'loading' },
      size: options.size,
      look: options.look,
      now: Date.now(),
    })
    this.#jobs = new Jobs(source, {
      changed: (change) => this.#set(change(this.#model.ui)),
      quit: (abrupt) => this.leave(abrupt),
    })
    this.#holders = new HoldersWatch(source, (holders) => this.#publishIfSeen({ holders }))
    this.#unsubscribe = source.subscribe(this.#changed)
    if (options.history !== undefined && options.history.warning !== '') this.#warn(options.history.warning)
    this.#changed()
  }

  /** For useSyncExternalStore. */
  readonly model = (): Model => this.#model
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  press(keys: readonly Key[]): void {
    for (const key of keys) {
      if (this.#closed) return
      const before = this.#model.ui
      const { ui, effects } = press(before, key, this.#surroundings())
      if (ui !== before) this.#set(ui)
      const newest = ui.history.lines.at(-1)
      if (newest !== undefined && newest !== before.history.lines.at(-1)) this.#keep(newest)
      for (const effect of effects) this.#perform(effect)
    }
  }

  /** Whether these keys are for the open text line, which then calls `edited` or enters its line. */
  typing(keys: readonly Key[]): boolean {
    return isTyping(this.#model.ui, keys)
  }

  /** The open text line holds this now. */
  edited(value: string): void {
    this.#set(editedTo(this.#model.ui, value))
  }

  resize(size: Size): void {
    this.#publish({ size })
  }

  setCharts(charts: ChartsState): void {
    this.#publish({ charts })
  }

  /** Text that something printed behind the console's back: said instead of torn into the picture. */
  overheard(text: string): void {
    this.#set({ ...this.#model.ui, message: { text, level: 'info', progress: null, at: Date.now(), from: 'log' } })
  }

  /** Politely; the second call, or `abrupt`, at once. */
  leave(abrupt: boolean): void {
    if (this.#closed) return
    const atOnce = abrupt || this.#model.ui.leaving
    this.#set({ ...this.#model.ui, leaving: true, mode: 'panes', form: null })
    const deadline = setTimeout(() => this.#leftWith(0, ''), atOnce ? ABRUPT_DEADLINE_MS : LEAVE_DEADLINE_MS)
    this.#source
      .quit(atOnce)
      .then(
        () => this.#leftWith(0, ''),
        (error: unknown) => this.#leftWith(1, error instanceof Error ? error.message : String(error)),
      )
      .finally(() => clearTimeout(deadline))
  }

  #leftWith(exit: number, reason: string): void {
    if (!this.#left) this.#options.left(exit, reason)
    this.#left = true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe()
    this.#jobs.abortAll()
    this.#holders.look(null)
    if (this.#frame !== null) clearTimeout(this.#frame)
    if (this.#tick !== null) clearTimeout(this.#tick)
    this.#listeners.clear()
  }

  // ---- time

  readonly #changed = (): void => {
    if (this.#frame !== null || this.#closed) return
    const due = this.#lastCut + 1000 / framesPerSecond(this.#model.size)
    this.#frame = setTimeout(this.#cut, Math.max(0, due - Date.now()))
  }

  readonly #cut = (): void => {
    this.#frame = null
    const now = Date.now()
    this.#lastCut = now
    const snapshot = this.#source.snapshot()
    if (snapshot !== null) {
      const { mining, rates } = snapshot
      this.#rates.record(now, { ...rates, hashRate: mining.active ? mining.hashRate : 0 })
    }
    const lastLog = this.#lastLog
    const ui = this.#withLogMessage(now)
    const logged = this.#lastLog !== lastLog && showsLog(this.#model)
    const news = logged || ui !== this.#model.ui || !sameButMeasured(this.#model.snapshot, snapshot)
    const waits = !news && now - this.#model.now < MEASURED_EVERY_MS
    if (!waits) this.#publishIfSeen({ snapshot, now, ui, rates: this.#rates.samples })
    this.#scheduleTick(snapshot, now, waits)
  }

  /** Nothing changes, but an age or a rate will read differently: look again then. */
  #scheduleTick(snapshot: Snapshot | null, now: number, waits: boolean): void {
    if (this.#tick !== null) clearTimeout(this.#tick)
    this.#tick = null
    if (snapshot === null || this.#closed) return
    const { rates, transfers, chain, folder } = snapshot
    const moves =
      waits ||
      rates.down > 0 ||
      rates.up > 0 ||
      transfers.some(({ state }) => state === 'running') ||
      (this.#rates.moves && showsHistory(layoutFor(this.#model)))
    const times = [
      ...chain.blocks.map(({ time }) => time * 1000),
      ...folder.changes.slice(0, CHANGES_SHOWN).map(timeOf),
    ]
    const ages = times.map((time) => ageChangesInMs(now - time))
    const delay = Math.min(moves ? 1000 : Number.POSITIVE_INFINITY, ...ages)
    if (Number.isFinite(delay)) this.#tick = setTimeout(this.#changed, delay)
  }

  // ---- state

  #set(ui: UiState): void {
    this.#publish({ ui: suggesting(ui, (line) => this.#source.complete(line)) })
  }

  /** For the next run. A disk that refuses is told of once. */
  #keep(line: string): void {
    const why = this.#options.history?.append(line) ?? ''
    if (why !== '' && !this.#warned) this.#warn(why)
  }

  #warn(text: string): void {
    this.#warned = true
    this.#set({ ...this.#model.ui, message: { text, level: 'bad', progress: null, at: Date.now(), from: 'log' } })
  }

  #publish(change: Partial<Model>): void {
    if (this.#closed) return
    this.#model = this.#changedModel(change)
    for (const listener of this.#listeners) listener()
  }

  /** Keys look at the newest model, but drawing it is what costs. */
  #publishIfSeen(change: Partial<Model>): void {
    if (this.#closed) return
    const before = this.#model
    this.#model = this.#changedModel(change)
    if (looksSame(before, this.#model)) return
    for (const listener of this.#listeners) listener()
  }

  #changedModel(change: Partial<Model>): Model {
    const { snapshot = this.#model.snapshot } = change
    const needs = snapshot === this.#model.snapshot ? this.#model.needs : needsOf(snapshot, this.#model.needs)
    const next: Model = { ...this.#model, ...change, needs }
    this.#holders.look(openFile(next))
    const log = showsLog(next) ? this.#source.log().slice(-LOG_LINES) : []
    return Object.freeze<Model>({ ...next, log })
  }

  /** The newest log line that a person should see becomes the message, unless an answer still stands there. */
  #withLogMessage(now: number): UiState {
    const { ui } = this.#model
    const log = this.#source.log()
    const fresh = log.slice(this.#lastLog === undefined ? 0 : log.lastIndexOf(this.#lastLog) + 1)
    this.#lastLog = log.at(-1)
    const line =
      fresh.findLast(({ level }) => level === 'warn' || level === 'error') ??
      fresh.findLast(({ level }) => level === 'notice')
    if (line === undefined) return ui
    const grave = line.level !== 'notice'
    if (ui.message !== null && !givesWay(ui.message, grave, now)) return ui
    const message: Message = { text: line.text, level: grave ? 'bad' : 'info', progress: null, at: now, from: 'log' }
    return { ...ui, message }
  }

  #surroundings(): Surroundings {
    const model = this.#model
    const { overlay } = model.ui
    const cell = cellOf(layoutFor(model), overlay === null ? model.ui.focus : 'overlay')
    const { width, height } = cell ?? { width: model.size.columns, height: model.size.rows }
    const scrolled = overlay === null ? { most: 0, top: 0 } : overlayScroll(overlay, model, width, height)
    return {
      snapshot: model.snapshot,
      commands: model.commands,
      complete: (line) => this.#source.complete(line),
      keysOf: (pane: PaneId) => contentOf(pane, model, width).rows.map(({ key }) => key),
      pageLines: Math.max(1, height - 3),
      overlayScroll: scrolled.most,
      overlayTop: scrolled.top,
      lastLog: model.log.at(-1) ?? null,
      copied: () => (overlay === null ? null : copiedFrom(overlay, model)),
      now: Date.now(),
    }
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'run':
        this.#jobs.run(effect.line, effect.queued)
        return
      case 'abort':
        this.#jobs.abort()
        return
      case 'quit':
        this.leave(effect.abrupt)
        return
      default:
        this.#options.wished?.(effect)
    }
  }
}

const timeOf = ({ time }: { readonly time: number }): number => time

const showsHistory = (layout: Layout): boolean => shows(layout, 'rates') || shows(layout, 'mining')

const showsLog = (model: Model): boolean => model.ui.overlay?.kind === 'log' || shows(layoutFor(model), 'log')

function givesWay(message: Message, toGrave: boolean, now: number): boolean {
  if (message.from === 'log') return toGrave || message.level !== 'bad' || now - message.at > ANSWER_STAYS_MS
  if (message.level === 'busy') return toGrave
  return now - message.at > ANSWER_STAYS_MS && (toGrave || message.level !== 'bad')
}
