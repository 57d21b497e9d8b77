/** Anchors whose tasks only count links, each task in a real process; supervised by the test itself. */
import assert from 'node:assert'
import { type AnchorPlan, type OpenAnchor, openAnchor } from '../../src/anchor/process/open-anchor.js'
import type { ProcessView } from '../../src/anchor/process/supervisor.js'
import type { Task } from '../../src/anchor/task.js'
import type { LogLine } from '../../src/api.js'
import type { Answer, Call } from '../../src/host/control-server.js'
import type { HostEnv } from '../../src/host/env.js'
import type { Address, PeerId } from '../../wire/types.js'
import { type World, world } from '../host/peers.js'
import { called, until } from '../host/support.js'

export const COUNTING = new URL('./children/counting-task.js', import.meta.url)
const DIAL_MS = 10_000
/** A process is back within 3 s, and machines that run tests are slow and shared. */
export const BACK_MS = 15_000

export function planIn(home: World['homes'], change: Partial<AnchorPlan> = {}): AnchorPlan {
  return {
    network: null,
    name: 'harbour',
    data: null,
    join: [],
    listen: [],
    lan: false,
    replicas: 4,
    pingIntervalMs: 500,
    quotaBytes: null,
    software: 'test',
    entry: COUNTING,
    homes: home,
    ...change,
  }
}

export class CountingAnchor {
  constructor(
    readonly anchor: OpenAnchor,
    readonly lines: readonly LogLine[],
    readonly dialer: HostEnv,
  ) {}

  of(task: Task): ProcessView {
    const found = this.anchor.view().processes.find((one) => one.task === task)
    assert(found !== undefined)
    return found
  }

  /** Dials a task; its last word, or why there is none. */
  async dial(task: Task): Promise<string> {
    const [address] = this.anchor.facts.tasks[task]
    assert(address !== undefined)
    return knock(this.dialer, address, this.anchor.facts.id as PeerId)
  }

  ask(task: Task, words: readonly string[], signal: Call['signal'] = new AbortController().signal): Promise<Answer> {
    return this.anchor.ask(task, { words, cwd: '/', columns: 0, pictures: false, signal, progress: () => {} })
  }

  async isBack(task: Task, than: number): Promise<void> {
    await until(`${task} to be back`, () => this.of(task).state === 'up' && this.of(task).pid !== than, BACK_MS)
  }

  said(words: RegExp): boolean {
    return this.lines.some(({ text }) => words.test(text))
  }
}

/** Opens a link and waits for what it is closed with. */
export function knock(dialer: HostEnv, address: Address, expect: PeerId): Promise<string> {
  return called(`an answer of ${address}`, (done) =>
    dialer.links.dial(address, {
      service: 'control',
      timeoutMs: DIAL_MS,
      expect,
      opened: () => ({ message: () => {}, drained: () => {}, closed: (_link, _code, reason) => done(reason) }),
      failed: (failure, detail) => done(`${failure}: ${detail}`),
    }),
  )
}

/** A test with an anchor of its own, ended whatever happens. */
export function withAnchor(
  body: (counting: CountingAnchor, home: World) => Promise<void>,
  change: Partial<AnchorPlan> = {},
): () => Promise<void> {
  return async () => {
    const home = world()
    const lines: LogLine[] = []
    const anchor = await openAnchor(planIn(home.homes, change), (line) => lines.push(line))
    try {
      const { env } = await home.start()
      await body(new CountingAnchor(anchor, lines, env), home)
    } finally {
      anchor.quit(false)
      await anchor.ended
      await home.close()
    }
  }
}
