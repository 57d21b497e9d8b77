/**
 * A network in which something happens, for its picture: six peers, two polls, files, a shared folder that somebody edits, one
 * peer that just vanished, and a download from three others that runs while the picture is taken. Real processes, a real
 * terminal.
 * Invariant: nothing is timed. Each step waits for what it brings about; between two pictures the download is paused.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FolderView } from '../../src/folder-views.js'
import { type Cluster, PROGRAM } from '../../test/e2e/cluster.js'
import { Terminal } from '../../test/e2e/terminal.js'
import { writeBigFile } from '../support/big-file.js'
import { type Screen, screenOf } from './cells.js'

export interface Size {
  readonly columns: number
  readonly rows: number
}

export const SELF = 'otter'
export const PEERS = ['finch', 'heron', 'lark', 'wren'] as const
/** It vanishes before the picture is taken. */
const GONE = 'robin'
export const DOWNLOAD = 'atlas.iso'
/** Two copies of what is stored, so that not everybody has everything. */
const REPLICAS = ['--replicas', '2']

const MIB = 1024 * 1024
/** What a fast disk gives away while the screen is resized and drawn. */
const MIB_A_PICTURE = 288
const START_MS = 60_000
const SHOT_MS = 90_000
/** The download comes on by this much in all before its pictures are taken. */
const LEAST_PERCENT = 24

const BALLOTS: readonly (readonly [on: string, voter: string, choice: string, poll: string])[] = [
  ['finch', 'alice', 'yes', 'main'],
  ['lark', 'bob', 'no', 'main'],
  ['heron', 'dave', 'tea', 'drinks'],
  ['wren', 'carol', 'yes', 'main'],
  ['finch', 'erin', 'coffee', 'drinks'],
  [SELF, 'frank', 'tea', 'drinks'],
]
/** Cast one by one while the download runs. */
const LATE_BALLOTS = [
  ['grace', 'yes'],
  ['heidi', 'no'],
  ['ivan', 'yes'],
] as const

/** What stands in the shared folder, and who put it there. */
const SHARED: readonly (readonly [on: string, path: string, sizeBytes: number])[] = [
  ['heron', 'photos/lake.jpg', 2_400_000],
  ['finch', 'plan.md', 3_100],
  ['wren', 'blockchain.txt', 480],
]
/** Edited by one peer before each picture; all the pictures tell of it. */
export const EDITED = 'blockchain.txt'
export const EDITOR = 'lark'

interface Transfer {
  readonly n: number
  readonly name: string
  readonly direction: string
  readonly state: string
  readonly done: number
  readonly total: number
}

export class Scene {
  readonly #cluster: Cluster
  readonly #say: (step: string) => void
  #terminal: Terminal | null = null

  constructor(cluster: Cluster, say: (step: string) => void) {
    this.#cluster = cluster
    this.#say = say
  }

  /** One picture a size, in that order. */
  async play(sizes: readonly Size[]): Promise<readonly Screen[]> {
    const terminal = await this.#start(sizes[0] ?? { columns: 80, rows: 24 })
    await this.#exchange()
    await this.#fillLedger()
    await this.#fillFolder()
    await this.#fillSwarm(MIB_A_PICTURE * sizes.length)
    await this.#rest()
    await this.#vanish()
    await this.#cluster.json(['lookup', 'music.txt'], { on: SELF })
    this.#say(`downloading ${DOWNLOAD}`)
    terminal.type(`:request ${DOWNLOAD}\r`)
    const screens: Screen[] = []
    let paused: Transfer | null = null
    for (const [place, size] of sizes.entries()) {
      terminal.resize(size.columns, size.rows)
      if (paused !== null) await this.#cluster.json(['transfers', 'resume', String(paused.n)], { on: SELF })
      const [voter, choice] = LATE_BALLOTS[place % LATE_BALLOTS.length] ?? ['', '']
      const vote = this.#cluster.run(['vote', voter, choice], { on: 'heron' })
      appendFileSync(await this.#shared(EDITOR, EDITED), `${voter} votes ${choice}\n`)
      const least = paused === null ? 0 : Math.ceil((paused.done / paused.total) * 100)
      await terminal.until((screen) => isTelling(screen, size, least + LEAST_PERCENT / sizes.length), SHOT_MS)
      screens.push(screenOf(terminal.buffer, size.columns, size.rows))
      this.#say(`took ${size.columns}x${size.rows}`)
      if (place < sizes.length - 1) paused = await this.#pause()
      await vote
    }
    return screens
  }

  async close(): Promise<void> {
    await this.#terminal?.close()
  }

  async #start({ columns, rows }: Size): Promise<Terminal> {
    this.#say(`starting ${PEERS.length + 2} peers`)
    // whatever the terminal of the caller is, the picture is of a dark one with UTF-8
    const look = { LC_ALL: 'C.UTF-8', COLORFGBG: '15;0', COLORTERM: undefined, INK_SCREEN_READER: undefined }
    const env = { ...this.#cluster.env, CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, ...look }
    const words = [PROGRAM, '--name', SELF, ...REPLICAS]
    this.#terminal = new Terminal(words, { columns, rows, env, cwd: this.#cluster.folder(SELF) })
    await this.#cluster.startAll([...PEERS, GONE], ...REPLICAS)
    await this.#cluster.meshed([SELF, ...PEERS, GONE], START_MS)
    return this.#terminal
  }

  /** So that the charts have something to tell of the time before the picture. */
  async #exchange(): Promise<void> {
    this.#say('exchanging two files')
    await this.#publish(SELF, 'share', 'holiday.mov', 96_000_000)
    await this.#cluster.json(['request', 'holiday.mov'], { on: 'wren' })
    await this.#publish('wren', 'share', 'photos.tar', 64_000_000)
    await this.#cluster.json(['request', 'photos.tar'], { on: SELF })
  }

  async #fillLedger(): Promise<void> {
    this.#say('voting in two polls')
    for (const [on, voter, choice, poll] of BALLOTS)
      await this.#cluster.json(['vote', voter, choice, '--poll', poll], { on })
    await this.#cluster.json(['note', 'lab', '3', 'starts', 'at', 'ten'], { on: 'wren' })
  }

  async #fillSwarm(downloadMib: number): Promise<void> {
    this.#say(`sharing files, ${DOWNLOAD} with ${downloadMib} MiB at three peers`)
    await this.#publish('finch', 'share', DOWNLOAD, downloadMib * MIB)
    await this.#publish('heron', 'store', 'music.txt', 3_100_000)
    await this.#publish('lark', 'store', 'notes.md', 18_200)
    await this.#publish(SELF, 'store', 'todo.txt', 2_040)
    await Promise.all(['heron', 'lark'].map((on) => this.#cluster.json(['request', DOWNLOAD], { on })))
    await this.#cluster.until(
      `${SELF} to know three holders of ${DOWNLOAD}`,
      () => this.#cluster.json<{ holders: number }[]>(['files', DOWNLOAD], { on: SELF }),
      ([file]) => (file?.holders ?? 0) >= 3,
      START_MS,
    )
  }

  async #fillFolder(): Promise<void> {
    this.#say('filling the shared folder')
    for (const [on, path, sizeBytes] of SHARED) {
      const file = await this.#shared(on, path)
      mkdirSync(dirname(file), { recursive: true })
      writeBigFile(file, sizeBytes)
    }
    for (const on of [SELF, EDITOR])
      await this.#cluster.until(
        `${on} to have ${SHARED.length} files in its shared folder`,
        () => this.#cluster.json<FolderView>(['folder'], { on }),
        ({ inSync, files }) => inSync && files === SHARED.length,
        START_MS,
      )
  }

  /** Where this path of the shared folder is at that peer. */
  async #shared(on: string, path: string): Promise<string> {
    return join((await this.#cluster.json<FolderView>(['folder'], { on })).path, path)
  }

  async #publish(on: string, verb: 'store' | 'share', name: string, sizeBytes: number): Promise<void> {
    writeBigFile(join(this.#cluster.folder(on), name), sizeBytes)
    await this.#cluster.json([verb, name], { on })
  }

  /** What has come stays in the list for a while; only the download that is pictured shall stand there. */
  async #rest(): Promise<void> {
    this.#say('waiting for other transfers to leave the list')
    await this.#cluster.until(
      `${SELF} to list no transfer`,
      () => this.#cluster.json<Transfer[]>(['transfers'], { on: SELF }),
      (transfers) => transfers.every(({ state }) => state === 'done'),
      START_MS,
    )
  }

  async #vanish(): Promise<void> {
    this.#say(`${GONE} vanishes`)
    await this.#cluster.peers.get(GONE)?.kill()
    await this.#cluster.until(
      `${SELF} to miss ${GONE}`,
      () => this.#cluster.json<{ peers: number }>(['status'], { on: SELF }),
      ({ peers }) => peers === PEERS.length,
      START_MS,
    )
  }

  async #pause(): Promise<Transfer> {
    const transfers = await this.#cluster.json<Transfer[]>(['transfers'], { on: SELF })
    const download = transfers.find(({ name, direction, state }) => {
      return name === DOWNLOAD && direction === 'down' && state !== 'done' && state !== 'failed'
    })
    if (download === undefined) throw new Error(`${DOWNLOAD} had come before all pictures were taken`)
    const [paused] = await this.#cluster.json<Transfer[]>(['transfers', 'pause', String(download.n)], { on: SELF })
    return paused ?? download
  }
}

/**
 * Whether all of the frame is there and tells of everybody, of the download beyond that percentage, of the edit that came
 * to the shared folder, and of a rate.
 */
function isTelling(screen: string, { columns, rows }: Size, least: number): boolean {
  const lines = screen.split('\n')
  const whole = lines.length === rows && lines.some((line) => line.length > columns - 3)
  const names = [SELF, ...PEERS].every((name) => screen.includes(name))
  // behind its name: the pane beside it tells parts of the ring in percent
  const percents = lines.flatMap(
    (line) =>
      line
        .split(DOWNLOAD)[1]
        ?.match(/(\d+) %/)
        ?.slice(1) ?? [],
  )
  const moved = percents.length > 0 && percents.every((percent) => Number(percent) >= least)
  const edit = /folder in sync/.test(screen) && new RegExp(`changed +${EDITED.slice(0, 8)}\\S* +${EDITOR}`).test(screen)
  return whole && names && moved && edit && /\d [MG]B\/s/.test(lines[0] ?? '')
}
