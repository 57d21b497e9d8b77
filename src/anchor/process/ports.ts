/**
 * Where the tasks of an anchor listen. Each task has a port on every host that is asked for; a port that was free to
 * choose stays the same over restarts where it can, so that remembered addresses and tickets keep working.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationalError } from '../../../wire/errors.js'
import { listenFailure } from '../../../wire/transport-tcp.js'
import type { Address } from '../../../wire/types.js'
import { errorCode, replaceFile } from '../../host/durable.js'
import { anyPort, hostOf, isLoopback, isLoopbackHost, portOf, toAddress } from '../../membership/address.js'
import { LOOPBACK, whyNotListening } from '../../membership/listening.js'
import { TASKS, type Task, type TaskAddresses } from '../task.js'
import { type Door, PortError } from './door.js'

const LAST_PORT = 65_535

/**
 * Binds all ports of all tasks; throws OperationalError. Of a `host:port` to listen on, admission has that port, manifests
 * and files the next two; port 0 stands for any three.
 */
export async function openPorts(
  doors: Readonly<Record<Task, Door>>,
  wanted: readonly string[],
  directory: string,
): Promise<TaskAddresses> {
  const usual = new UsualPorts(join(directory, 'ports.json'))
  const bound: Record<Task, Address[]> = { admission: [], manifests: [], files: [] }
  // those with a port of their own first: a free one must not take it away
  const listen = withLoopback(wanted)
  for (const where of [...listen].sort((a, b) => Number(portOf(a) === 0) - Number(portOf(b) === 0)))
    for (const [place, task] of TASKS.entries()) bound[task].push(await openOne(doors[task], where, place, task, usual))
  usual.save()
  return { admission: farFirst(bound.admission), manifests: farFirst(bound.manifests), files: farFirst(bound.files) }
}

/** Loopback always, unless a wildcard has it already. */
function withLoopback(listen: readonly string[]): readonly string[] {
  const covered = listen.some((where) => hostOf(where) === '0.0.0.0' || isLoopbackHost(hostOf(where)))
  return covered ? listen : [...listen, anyPort(LOOPBACK)]
}

async function openOne(door: Door, where: string, place: number, task: Task, usual: UsualPorts): Promise<Address> {
  const host = hostOf(where)
  const port = portOf(where)
  if (port !== 0) {
    if (port + place > LAST_PORT) throw new OperationalError(`--listen ${where}: an anchor takes three ports in a row`)
    return door.open(at(host, port + place)).catch((error: unknown) => refuse(error, at(host, port + place)))
  }
  const before = usual.get(task, host)
  const again = before === undefined ? null : await door.open(at(host, before)).catch(isPortError)
  const address = again ?? (await door.open(anyPort(host)).catch((error: unknown) => refuse(error, where)))
  usual.set(task, host, portOf(address))
  return address
}

function at(host: string, port: number): string {
  return toAddress(host, port) ?? `${host}:${port}`
}

/** That port is somebody else's now: any other will do. */
function isPortError(error: unknown): null {
  if (error instanceof PortError) return null
  throw error
}

function refuse(error: unknown, where: string): never {
  if (!(error instanceof PortError)) throw error
  throw new OperationalError(whyNotListening(listenFailure(error.code), where, error.message))
}

/** Those that reach far first, loopback last. */
function farFirst(bound: readonly Address[]): readonly Address[] {
  return [...bound].sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)))
}

/** The ports of earlier runs, by task and host. */
class UsualPorts {
  readonly #path: string
  readonly #ports: Map<string, number> // as many as there were ever asked for by hand
  #isNew = false

  constructor(path: string) {
    this.#path = path
    this.#ports = new Map(Object.entries(read(path)))
  }

  get(task: Task, host: string): number | undefined {
    return this.#ports.get(`${task} ${host}`)
  }

  set(task: Task, host: string, port: number): void {
    if (this.get(task, host) === port) return
    this.#ports.set(`${task} ${host}`, port)
    this.#isNew = true
  }

  save(): void {
    if (this.#isNew) replaceFile(this.#path, `${JSON.stringify(Object.fromEntries(this.#ports))}\n`)
  }
}

function read(path: string): Readonly<Record<string, number>> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {}
    throw error
  }
  const wrong = new OperationalError(`${path} is damaged: remove it, and the anchor takes other ports`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrong
  }
  const isPort = (port: unknown): port is number =>
    Number.isInteger(port) && Number(port) >= 1 && Number(port) <= LAST_PORT
  if (typeof value !== 'object' || value === null || !Object.values(value).every(isPort)) throw wrong
  return { ...value }
}
