/**
 * Real processes of the built program for end-to-end tests: a network of its own in a temporary directory,
 * peers that are spawned and waited for, commands that are run beside them, everything ended and removed at close.
 */
import assert from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** dist/p2p-tui.cjs, seen from dist/tree/test/e2e/. */
export const PROGRAM = fileURLToPath(new URL('../../../p2p-tui.cjs', import.meta.url))
/** Promises of the design, five times over: machines that run tests are slow and shared. */
const READY_MS = 30_000
const COMMAND_MS = 120_000

export interface Ended {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Ready {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly data: string
  readonly network: string
}

export class PeerProcess {
  readonly ready: Promise<Ready>
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''

  constructor(
    readonly name: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    cwd: string,
    input = '',
  ) {
    const words = [PROGRAM, '--headless', '--json', '--name', name, ...args]
    const child = spawn(process.execPath, words, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(input)
    this.#child = child
    this.ended = new Promise((resolve) => {
      child.on('close', (exit) => resolve({ exit, stdout: this.#stdout, stderr: this.#stderr }))
    })
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${name}: no ready line in ${READY_MS} ms\n${this.output}`)),
        READY_MS,
      )
      child.stdout?.on('data', (data: Buffer) => {
        this.#stdout += data.toString()
        const line = this.#stdout.split('\n').find((text) => text.includes('"event":"ready"'))
        if (line === undefined || !this.#stdout.includes('\n')) return
        clearTimeout(timer)
        resolve(JSON.parse(line))
      })
      child.stderr?.on('data', (data: Buffer) => {
        this.#stderr += data.toString()
      })
      child.on('close', (exit) => {
        clearTimeout(timer)
        reject(new Error(`${name} ended with ${exit} before it was ready\n${this.output}`))
      })
    })
    this.ready.catch(() => {}) // a test that never asks for it asks for `ended` instead
  }

  get pid(): number {
    assert(this.#child.pid !== undefined, 'started')
    return this.#child.pid
  }

  get output(): string {
    return `${this.#stdout}\n${this.#stderr}`
  }

  /** Nobody reads its standard output any more, as after `| head -1`. */
  unhear(): void {
    this.#child.stdout?.destroy()
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    this.#child.kill(signal)
    return this.ended
  }
}

export class Cluster {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), 'p2p-e2e-')))
  readonly env: NodeJS.ProcessEnv
  readonly peers = new Map<string, PeerProcess>()
  /** Commands that run. Whoever waits for them may have given up; what they write would be in the way of removing all. */
  readonly #commands = new Map<ChildProcess, Promise<unknown>>()
  #isClosed = false

  constructor() {
    const { CI: _, ...inherited } = process.env
    this.env = {
      ...inherited,
      P2P_CONFIG_HOME: join(this.home, 'config'),
      P2P_DATA_HOME: join(this.home, 'data'),
      P2P_RUNTIME_HOME: join(this.home, 'run'),
    }
  }

  /** A directory of its own for files of one peer or caller. */
  folder(name: string): string {
    assert(!this.#isClosed, 'the cluster is closed')
    const path = join(this.home, 'work', name)
    mkdirSync(path, { recursive: true })
    return path
  }

  start(name: string, ...args: string[]): PeerProcess {
    const peer = new PeerProcess(name, args, this.env, this.folder(name))
    this.peers.set(name, peer)
    return peer
  }

  /** Starts a peer that reads this ticket from standard input. */
  async runTicket(name: string, ticket: string): Promise<PeerProcess> {
    const peer = new PeerProcess(name, ['--join', '-'], this.env, this.folder(name), `${ticket}\n`)
    this.peers.set(name, peer)
    await peer.ready
    return peer
  }

  async startAll(names: readonly string[], ...args: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.start(name, ...args).ready))
  }

  /** Runs a command as typed in a shell; `on` picks the peer by name. */
  run(
    words: readonly string[],
    options: { on?: string; cwd?: string; input?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Ended> {
    assert(!this.#isClosed, 'the cluster is closed')
    const on = options.on === undefined ? [] : ['-n', options.on]
    const child = spawn(process.execPath, [PROGRAM, ...on, ...words], {
      env: options.env ?? this.env,
      cwd: options.cwd ?? this.folder(options.on ?? 'caller'),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.end(options.input ?? '')
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString('latin1')
    })
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString()
    })
    const ended = new Promise<Ended>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        reject(new Error(`p2p-tui ${words.join(' ')}: no end in ${COMMAND_MS} ms\n${stdout}\n${stderr}`))
      }, COMMAND_MS)
      child.on('close', (exit) => {
        clearTimeout(timer)
        resolve({ exit, stdout: Buffer.from(stdout, 'latin1').toString(), stderr })
      })
    })
    const left = new Promise((resolve) => child.once('close', () => resolve(this.#commands.delete(child))))
    this.#commands.set(child, left)
    return ended
  }

  /** Runs a command with --json that must succeed, and reads its document. */
  async json<T>(words: readonly string[], options: { on?: string; cwd?: string } = {}): Promise<T> {
    const ended = await this.run([...words, '--json'], options)
    assert.strictEqual(
      ended.exit,
      0,
      `p2p-tui ${words.join(' ')} exited with ${ended.exit}: ${ended.stderr}${ended.stdout}`,
    )
    return JSON.parse(ended.stdout)
  }

  /** Asks again and again until the answer fits, with a deadline that says what it waited for. */
  async until<T>(what: string, ask: () => Promise<T>, fits: (value: T) => boolean, deadlineMs = 30_000): Promise<T> {
    const end = performance.now() + deadlineMs
    for (;;) {
      const value = await ask()
      if (fits(value)) return value
      if (performance.now() > end)
        throw new Error(`waited ${deadlineMs} ms for ${what}; last: ${JSON.stringify(value)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Every named peer sees all the others. */
  async meshed(names: readonly string[], deadlineMs = 30_000): Promise<void> {
    for (const name of names) {
      await this.until(
        `${name} to see ${names.length - 1} peers`,
        () => this.json<{ peers: number }>(['status'], { on: name }),
        (status) => status.peers === names.length - 1,
        deadlineMs,
      )
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const child of this.#commands.keys()) child.kill('SIGKILL')
    await Promise.all(this.#commands.values())
    await Promise.all([...this.peers.values()].map((peer) => peer.kill()))
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A test in a cluster of its own, closed whatever happens. */
export function inCluster(body: (cluster: Cluster) => Promise<void>): () => Promise<void> {
  return async () => {
    const cluster = new Cluster()
    try {
      await body(cluster)
    } finally {
      await cluster.close()
    }
  }
}
