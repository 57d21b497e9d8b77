/**
 * A dedicated anchor, whole: the state directory locked, the ports bound, the three processes running, and everything
 * given back in the right order however it ends. The database and the network are the processes' alone.
 */
import { mkdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { OperationalError } from '../../../wire/errors.js'
import type { Address } from '../../../wire/types.js'
import type { LogLine } from '../../api.js'
import type { Answer, Call } from '../../host/control-server.js'
import { ANCHOR_DIRECTORY, type Homes, homes } from '../../host/directories.js'
import { enter } from '../../host/enter.js'
import { loadKeyPair, peerName } from '../../host/identity.js'
import { LogRing } from '../../host/log-ring.js'
import type { PeerFacts } from '../../host/open-peer.js'
import { ownHosts, wildcards } from '../../host/own-hosts.js'
import { announce, socketPath } from '../../host/runtime.js'
import { announcedAs } from '../../membership/listening.js'
import type { Task, TaskAddresses } from '../task.js'
import { Door } from './door.js'
import { MAX_HOSTS } from './messages.js'
import { openPorts } from './ports.js'
import { routesTo } from './routes.js'
import { type AnchorView, Supervisor } from './supervisor.js'

export interface AnchorPlan {
  readonly network: string | null
  readonly name: string | null
  readonly data: string | null
  readonly join: readonly Address[]
  readonly listen: readonly string[]
  readonly lan: boolean
  readonly replicas: number
  readonly pingIntervalMs: number
  /** Of the copies that it keeps for others; null: what the disk allows. */
  readonly quotaBytes: number | null
  readonly software: string
  /** The module that each process runs. */
  readonly entry: URL
  /** The user's own where absent. */
  readonly homes?: Homes
}

export interface OpenAnchor {
  readonly facts: PeerFacts & { readonly tasks: TaskAddresses; readonly quotaBytes: number }
  readonly ended: Promise<{ readonly reason: string | null }>
  view(): AnchorView
  /** Has a task's process answer a command. */
  ask(task: Task, call: Call): Promise<Answer>
  log(): readonly LogLine[]
  /** All processes say goodbye. Abrupt: this process is gone, as if killed, and the others with it. */
  quit(abrupt: boolean): void
}

/** Where nobody says how much: 10 GiB, or a tenth of what is free. */
const DEFAULT_QUOTA_BYTES = 10 * 2 ** 30
const DEFAULT_SHARE = 0.1
/** Whoever asked by `quit --abrupt` is answered first. */
const ABRUPT_MS = 50

/** Throws OperationalError, which says what to do next. */
export async function openAnchor(plan: AnchorPlan, onLog: (line: LogLine) => void): Promise<OpenAnchor> {
  const opened: (() => void | Promise<void>)[] = []
  const closeAll = async (): Promise<void> => {
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) await close()
  }
  try {
    return await open(plan, onLog, (close) => opened.push(close), closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function open(
  plan: AnchorPlan,
  onLog: (line: LogLine) => void,
  onClose: (close: () => void | Promise<void>) => void,
  closeAll: () => Promise<void>,
): Promise<OpenAnchor> {
  const home = plan.homes ?? homes()
  const { directory, network } = enter({ network: plan.network, data: plan.data, as: 'anchor' }, home, onClose)
  const { id } = loadKeyPair(directory.path)
  const name = peerName(directory.path, id, plan.name)
  const log = new LogRing(onLog)
  const own = join(directory.path, ANCHOR_DIRECTORY)
  mkdirSync(own, { recursive: true, mode: 0o700 })

  const doors = { admission: new Door(), manifests: new Door(), files: new Door() }
  onClose(() => {
    for (const door of Object.values(doors)) door.close()
  })
  const hosts = ownHosts().slice(0, MAX_HOSTS)
  const asked = plan.lan ? [...plan.listen, ...wildcards(hosts)] : plan.listen
  const listen = [...asked, ...(await routesTo(plan.join, asked))]
  const tasks = await openPorts(doors, listen, own)
  const [address] = tasks.admission.flatMap((bound) => announcedAs(bound, hosts))
  if (address === undefined) throw new OperationalError('no address to listen on: this machine has no loopback')

  const socket = socketPath(home.runtime, id)
  const { name: networkName, tag } = network
  const entry = { pid: process.pid, id, name, address: null, network: networkName, tag, data: directory.path, socket }
  const announcement = announce(home.runtime, { ...entry, isAnchor: true })
  onClose(() => announcement.remove())

  const quotaBytes = plan.quotaBytes ?? freeShare(own)
  const supervisor = new Supervisor({
    entry: plan.entry,
    doors,
    log: (level, text) => log.add(level, text),
    begin: {
      data: directory.path,
      network: networkName,
      config: home.config,
      runtime: home.runtime,
      addresses: tasks,
      hosts,
      join: plan.join,
      pingIntervalMs: plan.pingIntervalMs,
      replicas: plan.replicas,
      quotaBytes,
      software: plan.software,
    },
  })
  onClose(() => supervisor.quit())
  await supervisor.start()
  announcement.update({ address })

  let resolve: (end: { readonly reason: string | null }) => void = () => {}
  const ended = new Promise<{ readonly reason: string | null }>((settle) => {
    resolve = settle
  })
  let leaving = false
  const leave = (): void => {
    if (leaving) return
    leaving = true
    closeAll().then(
      () => resolve({ reason: null }),
      (error: unknown) => resolve({ reason: `could not close cleanly: ${String(error)}` }),
    )
  }
  return {
    facts: { id, name, address, data: directory.path, network: networkName, socket, tasks, quotaBytes },
    ended,
    view: () => supervisor.view(),
    ask: (task, call) => supervisor.ask(task, call),
    log: () => log.lines(),
    quit: (abrupt) => {
      if (abrupt) setTimeout(() => process.kill(process.pid, 'SIGKILL'), ABRUPT_MS)
      else leave()
    },
  }
}

function freeShare(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return Math.min(DEFAULT_QUOTA_BYTES, Math.floor(bavail * bsize * DEFAULT_SHARE))
}
