/** One ring of real peers in processes of their own, as its bench sees it: who is next to whom, and what they log. */
import assert from 'node:assert'
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Asked, News, PeerView, Plan, State, Told } from './words.js'

/** A busy machine starts dozens of peers. */
const READY_MS = 120_000
const SETTLED_MS = 120_000
/** Right lists, but a pair whose datagrams do not pass: then it is watched over its link, and counted. */
const PROVEN_MS = 15_000
const LOOK_EVERY_MS = 100
const LIST = 16

const SCRIPT = fileURLToPath(new URL('./peers.js', import.meta.url))

export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export interface RingOptions {
  readonly intervalMs: number
  readonly loss: number
  readonly seed: number
}

export class PeerProcess {
  readonly names: readonly string[]
  readonly #child: ChildProcess
  readonly #waiting: ((told: Told) => void)[] = []

  constructor(plan: Plan, onNews: (news: News) => void) {
    this.names = plan.names
    this.#child = fork(SCRIPT, [JSON.stringify(plan)], { execArgv: [] })
    this.#child.on('message', (told: Told) => {
      if (told.type === 'news') onNews(told.news)
      else this.#waiting.shift()?.(told)
    })
  }

  async ready(): Promise<string> {
    const told = await this.#next('to start', READY_MS)
    assert(told.type === 'ready')
    return told.address
  }

  async state(): Promise<State> {
    this.#ask({ type: 'state' })
    const told = await this.#next('to answer', SETTLED_MS)
    assert(told.type === 'state')
    return told.state
  }

  forgetLag(): void {
    this.#ask({ type: 'fresh' })
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  #ask(asked: Asked): void {
    this.#child.send(asked)
  }

  /** Answers come in the order of questions; the first is that it is ready. */
  #next(what: string, deadlineMs: number): Promise<Told> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${this.names[0]}: waited for it ${what}: ${why}`))
      const timer = setTimeout(() => fail(`nothing for ${deadlineMs} ms`), deadlineMs)
      const ended = (): void => fail('it ended')
      this.#child.once('exit', ended)
      this.#waiting.push((told) => {
        clearTimeout(timer)
        this.#child.off('exit', ended)
        resolve(told)
      })
    })
  }
}

export class UdpRing {
  readonly processes: PeerProcess[] = []
  onNews: (news: News) => void = () => {}
  readonly #options: RingOptions
  readonly #root = mkdtempSync(join(tmpdir(), 'p2p-ring-'))
  readonly #onExit = (): void => this.close()
  #address: string | null = null

  constructor(options: RingOptions) {
    this.#options = options
    mkdirSync(join(this.#root, 'peers'))
    process.on('exit', this.#onExit)
  }

  /** Starts so many peers in one process. */
  async add(names: readonly string[]): Promise<PeerProcess> {
    const { seed, ...options } = this.#options
    const own = seed * 1_000 + this.processes.length
    const plan = { ...options, names, root: this.#root, join: this.#address, seed: own }
    const added = new PeerProcess(plan, (news) => this.onNews(news))
    this.processes.push(added)
    const address = await added.ready()
    this.#address ??= address
    return added
  }

  async peers(): Promise<readonly PeerView[]> {
    const states = await Promise.all(this.processes.map((one) => one.state()))
    return states.flatMap(({ peers }) => peers)
  }

  /** All lists are right and datagrams are answered by all that are watched, or were not for long. In ring order. */
  async settled(deadlineMs = SETTLED_MS): Promise<readonly PeerView[]> {
    const end = performance.now() + deadlineMs
    let rightSince: number | null = null
    for (;;) {
      const peers = [...(await this.peers())].sort((a, b) => (a.id < b.id ? -1 : 1))
      const now = performance.now()
      if (!isIdeal(peers)) rightSince = null
      else if (peers.every(({ proven }) => proven)) return peers
      else if (now - (rightSince ??= now) > PROVEN_MS) return peers
      if (now > end) throw new Error(`no ring after ${deadlineMs} ms: ${JSON.stringify(peers)}`)
      await wait(LOOK_EVERY_MS)
    }
  }

  close(): void {
    for (const one of this.processes) one.signal('SIGKILL')
    process.off('exit', this.#onExit)
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

function isIdeal(peers: readonly PeerView[]): boolean {
  return peers.every(({ successors, predecessors }, place) => {
    const clockwise = [...peers.slice(place + 1), ...peers.slice(0, place)].map(({ name }) => name)
    return same(successors, clockwise) && same(predecessors, clockwise.reverse())
  })
}

const same = (list: readonly string[], wanted: readonly string[]): boolean =>
  list.join() === wanted.slice(0, LIST).join()
