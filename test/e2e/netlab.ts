/**
 * Several hosts on one machine: network namespaces on a switch of their own, so that addresses, routes and cables are
 * real. Needs root and `ip netns`; leaves nothing behind, not even after a run that was killed (the next one clears up).
 */
import assert from 'node:assert'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../is-alive.js'
import { type Ended, PROGRAM } from './cluster.js'

const PREFIX = 'p2plab'
const SWITCH = 'b0'
const OTHER_SWITCH = 'b1'
const READY_MS = 30_000
const COMMAND_MS = 60_000
const POLL_MS = 200

function ip(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('ip', words, { encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr.trim() || `status ${status}`}`)
  return stdout
}

/** Why there can be no lab here, or null. */
export function whyNoNetlab(): string | null {
  if (process.getuid?.() !== 0) return 'needs root'
  const probe = `${PREFIX}-${process.pid}-probe`
  try {
    ip('netns', 'add', probe)
    ip('-n', probe, 'link', 'add', SWITCH, 'type', 'bridge')
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    spawnSync('ip', ['netns', 'del', probe])
  }
}

/** Why no way can be made worse, or null. */
export function whyNoWeather(): string | null {
  return spawnSync('nft', ['--version']).status === 0 ? null : 'needs nft, of the package nftables'
}

/** One host of the lab: an address, directories of its own, and the program. */
export class LabHost {
  readonly #children = new Set<ChildProcess>()

  constructor(
    readonly name: string,
    readonly namespace: string,
    readonly address: string,
    readonly home: string,
  ) {
    mkdirSync(home, { recursive: true })
  }

  /** Starts a headless peer; `input` goes to its standard input. Resolves with its first line. */
  async start(args: readonly string[], input = ''): Promise<{ readonly id: string; readonly address: string }> {
    const child = this.#spawn(['--headless', '--json', '--name', this.name, ...args])
    let output = ''
    child.stdin?.end(input)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.name}: not ready after ${READY_MS} ms\n${output}`)),
        READY_MS,
      )
      const hear = (data: Buffer): void => {
        output += data.toString()
        const line = output.split('\n').find((text) => text.includes('"event":"ready"') && text.endsWith('}'))
        if (line === undefined) return
        clearTimeout(timer)
        resolve(JSON.parse(line))
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      child.on('close', (exit) => {
        clearTimeout(timer)
        reject(new Error(`${this.name} ended with ${exit} before it was ready\n${output}`))
      })
    })
  }

  /** Runs one command as from a shell of this host. */
  run(words: readonly string[], input = ''): Promise<Ended> {
    const child = this.#spawn(words)
    let stdout = ''
    let stderr = ''
    child.stdin?.end(input)
    child.stdout?.on('data', (data: Buffer) => {
      stdout += data.toString()
    })
    child.stderr?.on('data', (data: Buffer) => {
      stderr += data.toString()
    })
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS)
      child.on('close', (exit) => {
        clearTimeout(timer)
        resolve({ exit, stdout, stderr })
      })
    })
  }

  /** Runs a command with --json that must succeed, and reads its document. */
  async json<T>(...words: readonly string[]): Promise<T> {
    const { exit, stdout, stderr } = await this.run([...words, '--json'])
    assert.strictEqual(exit, 0, `${this.name}: ${words.join(' ')} exited with ${exit}: ${stderr}${stdout}`)
    return JSON.parse(stdout)
  }

  /** Asks `status` until it sees that many peers. */
  async sees(peers: number, withinMs: number): Promise<void> {
    await this.until(`${peers} peers`, withinMs, async () => {
      const status = await this.json<{ peers: number }>('status')
      return status.peers === peers
    })
  }

  async until(what: string, withinMs: number, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + withinMs
    while (!(await holds())) {
      assert.ok(performance.now() < end, `${this.name} waited ${withinMs} ms for ${what}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  /** Runs a script of node on this host until the end; resolves with its first line. */
  script(path: string, ...args: readonly string[]): Promise<string> {
    const child = spawn('ip', ['netns', 'exec', this.namespace, process.execPath, path, ...args])
    this.#children.add(child)
    return new Promise((resolve, reject) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
      child.on('close', (exit) => {
        this.#children.delete(child)
        reject(new Error(`${path} on ${this.name} ended with ${exit}`))
      })
    })
  }

  /** Pulls the cable, or plugs it in again. */
  cable(state: 'up' | 'down'): void {
    ip('-n', this.namespace, 'link', 'set', 'eth0', state)
  }

  /** A bad way to and from this host: 1 Mbit/s, and one packet in fifty is lost. Needs `nft`. */
  worsen(): void {
    const rules = `table inet weather { chain rain { type filter hook input priority 0; numgen random mod 50 == 0 drop; }; }`
    const inside = ['netns', 'exec', this.namespace]
    const { status, stderr } = spawnSync('ip', [...inside, 'nft', '-f', '-'], { input: rules, encoding: 'utf8' })
    if (status !== 0) throw new Error(`nft: ${stderr.trim()}`)
    ip(...inside, 'tc', ...'qdisc add dev eth0 root tbf rate 1mbit burst 1600 latency 400ms'.split(' '))
  }

  /** As behind a firewall: nobody gets an answer from that port of this host, which can still dial others. */
  wallOff(port: number): void {
    ip('-n', this.namespace, 'rule', 'add', 'ipproto', 'tcp', 'sport', String(port), 'blackhole')
  }

  async close(): Promise<void> {
    const ended = [...this.#children].map((child) => new Promise((resolve) => child.on('close', resolve)))
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(ended)
  }

  #spawn(words: readonly string[]): ChildProcess {
    const { CI: _, ...inherited } = process.env
    const env = {
      ...inherited,
      P2P_CONFIG_HOME: join(this.home, 'config'),
      P2P_DATA_HOME: join(this.home, 'data'),
      P2P_RUNTIME_HOME: join(this.home, 'run'),
    }
    // `ip netns exec` becomes the program, so the child's id is the program's
    const command = ['netns', 'exec', this.namespace, process.execPath, PROGRAM, ...words]
    const child = spawn('ip', command, { env, cwd: this.home, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#children.add(child)
    child.on('close', () => this.#children.delete(child))
    return child
  }
}

/** Hosts a, b, c, … with addresses 10.91.0.1, .2, .3, … or fd91::1, ::2, ::3, … on one switch. */
export class Netlab {
  readonly hosts: readonly LabHost[]
  readonly #home = realpathSync(mkdtempSync(join(tmpdir(), `${PREFIX}-`)))
  readonly #namespaces: string[] = []
  readonly #hub: string
  #isSplit = false
  readonly #clean = (): void => this.#removeAll()

  constructor(names: readonly string[], family: 'v4' | 'v6' = 'v4') {
    removeLeftovers()
    process.once('exit', this.#clean)
    const own = `${PREFIX}-${process.pid}`
    const hub = this.#add(`${own}-hub`)
    this.#hub = hub
    ip('-n', hub, 'link', 'add', SWITCH, 'type', 'bridge')
    ip('-n', hub, 'link', 'set', SWITCH, 'up')
    this.hosts = names.map((name, place) => {
      const namespace = this.#add(`${own}-${place}`)
      const address = family === 'v4' ? `10.91.0.${place + 1}` : `fd91::${place + 1}`
      const port = `v${place}`
      ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
      ip('-n', hub, 'link', 'set', port, 'master', SWITCH, 'up')
      // without looking for duplicates, which takes a second before an IPv6 address can be used
      const options = family === 'v4' ? [] : ['nodad']
      ip('-n', namespace, 'addr', 'add', `${address}/${family === 'v4' ? 24 : 64}`, 'dev', 'eth0', ...options)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
      ip('-n', namespace, 'link', 'set', 'eth0', 'up')
      return new LabHost(name, namespace, address, join(this.#home, name))
    })
  }

  /** Puts these hosts on a switch of their own; their own ends of the cables notice nothing. */
  split(hosts: readonly LabHost[]): void {
    if (!this.#isSplit) {
      ip('-n', this.#hub, 'link', 'add', OTHER_SWITCH, 'type', 'bridge')
      ip('-n', this.#hub, 'link', 'set', OTHER_SWITCH, 'up')
    }
    this.#isSplit = true
    for (const host of hosts) this.#plug(host, OTHER_SWITCH)
  }

  /** All on one switch again. */
  join(): void {
    for (const host of this.hosts) this.#plug(host, SWITCH)
  }

  #plug(host: LabHost, bridge: string): void {
    ip('-n', this.#hub, 'link', 'set', `v${this.hosts.indexOf(host)}`, 'master', bridge)
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.close()))
    this.#removeAll()
    process.off('exit', this.#clean)
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 })
  }

  #add(namespace: string): string {
    ip('netns', 'add', namespace)
    this.#namespaces.push(namespace)
    return namespace
  }

  #removeAll(): void {
    for (const namespace of this.#namespaces.splice(0)) spawnSync('ip', ['netns', 'del', namespace])
  }
}

/** Labs of processes that are gone. */
function removeLeftovers(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [namespace = ''] = line.split(' ')
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(namespace)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) spawnSync('ip', ['netns', 'del', namespace])
  }
}
