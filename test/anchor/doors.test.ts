/** The ports of an anchor: where its tasks listen, and what becomes of connections that nobody takes. */
import assert from 'node:assert'
import { existsSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import { Door } from '../../src/anchor/process/door.js'
import { openPorts } from '../../src/anchor/process/ports.js'
import { routesTo } from '../../src/anchor/process/routes.js'
import { TASKS, type TaskAddresses } from '../../src/anchor/task.js'
import { ownHosts } from '../../src/host/own-hosts.js'
import { splitAddress } from '../../wire/address.js'
import type { Address } from '../../wire/types.js'
import { temporary, until } from '../host/support.js'

const test = suite('anchor doors')
/** Nobody waits longer than 5 s. */
const PATIENCE_MS = 25_000

async function ports(listen: readonly string[], directory: string): Promise<{ tasks: TaskAddresses; close(): void }> {
  const doors = { admission: new Door(), manifests: new Door(), files: new Door() }
  const close = (): void => {
    for (const door of Object.values(doors)) door.close()
  }
  try {
    return { tasks: await openPorts(doors, listen, directory), close }
  } catch (error) {
    close()
    throw error
  }
}

const portsOf = (tasks: TaskAddresses): readonly number[] =>
  TASKS.flatMap((task) => tasks[task].map((address) => splitAddress(address).port))

test('a port that is named is admission’s, and the next two are those of the others', async () => {
  const free = await ports([], temporary())
  const [base = 0] = portsOf(free.tasks)
  free.close()
  // three in a row from a port that was free a moment ago; another program may have one of them
  for (let port = base; ; port += 3) {
    assert.ok(port < base + 300, 'no three free ports in a row')
    const open = await ports([`127.0.0.1:${port}`], temporary()).catch(() => null)
    if (open === null) continue
    assert.deepStrictEqual(portsOf(open.tasks), [port, port + 1, port + 2])
    open.close()
    return
  }
})

test('ports that were free to choose stay the same; those that somebody else has by now are chosen anew', async () => {
  const directory = temporary()
  const first = await ports([], directory)
  const before = portsOf(first.tasks)
  first.close()
  const again = await ports([], directory)
  assert.deepStrictEqual(portsOf(again.tasks), before)
  again.close()
  const thief = createServer().listen(before[1], '127.0.0.1')
  await until('the thief to listen', () => thief.listening)
  const third = await ports([], directory)
  const after = portsOf(third.tasks)
  assert.deepStrictEqual([after[0], after[2]], [before[0], before[2]])
  assert.notStrictEqual(after[1], before[1])
  third.close()
  thief.close()
})

test('a port in use, a foreign address and a damaged file are refused with what to do next', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await until('the server to listen', () => taken.listening)
  const bound = taken.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  await assert.rejects(ports([`127.0.0.1:${port}`], temporary()), /another program uses that port/)
  taken.close()
  await assert.rejects(ports(['192.0.2.1:4000'], temporary()), /not an address of this machine/)
  await assert.rejects(ports(['127.0.0.1:65534'], temporary()), /three ports in a row/)
  const directory = temporary()
  writeFileSync(join(directory, 'ports.json'), '{"admission 127.0.0.1":"x"}')
  await assert.rejects(ports([], directory), /ports\.json is damaged: remove it/)
})

test('loopback is always among them, and what reaches farther comes first', async () => {
  const directory = temporary()
  const { tasks, close } = await ports(['0.0.0.0:0'], directory)
  for (const task of TASKS)
    assert.deepStrictEqual(
      tasks[task].map((one) => splitAddress(one).host),
      ['0.0.0.0'],
    )
  close()
  const six = await ports(['[::]:0'], directory).catch(() => null)
  if (six === null) return // no IPv6 here
  for (const task of TASKS)
    assert.deepStrictEqual(
      six.tasks[task].map((one) => splitAddress(one).host),
      ['::', '127.0.0.1'],
    )
  six.close()
  assert.ok(existsSync(join(directory, 'ports.json')))
})

test('an anchor that joins another machine listens on the side that leads there', async () => {
  const [own] = ownHosts().filter((host) => !host.includes(':'))
  const near = '127.0.0.1:4000' as Address
  assert.deepStrictEqual(await routesTo([near], []), [])
  assert.deepStrictEqual(await routesTo(['no-such-host.invalid:4000' as Address], []), [])
  if (own === undefined) return // this machine has no other side
  const far = `${own}:4000` as Address
  assert.deepStrictEqual(await routesTo([near, far, far], []), [`${own}:0`])
  assert.deepStrictEqual(await routesTo([far], ['0.0.0.0:0']), [], 'listened on already')
  assert.deepStrictEqual(await routesTo([far], [`${own}:5000`]), [], 'listened on already')
})

test('of those that wait at a door the oldest makes room, and nobody waits for ever', async () => {
  const door = new Door()
  const { port } = splitAddress(await door.open('127.0.0.1:0'))
  const closed = new Set<Socket>()
  const dial = async (): Promise<Socket> => {
    const before = door.waiting
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).on('close', () => closed.add(socket))
    socket.resume()
    if (before < 64) await until('the connection to wait', () => door.waiting === before + 1)
    return socket
  }
  const early: Socket[] = []
  for (let count = 0; count < 64; count++) early.push(await dial())
  const taken = door.next()
  assert.ok(taken !== null)
  early.push(await dial())
  const late = await dial()
  await until('the second to make room', () => closed.has(early[1]!))
  assert.deepStrictEqual([door.waiting, closed.size], [64, 1])
  await until('all that waited to be closed', () => closed.has(late) && closed.size === 65, PATIENCE_MS)
  assert.strictEqual(door.waiting, 0)
  assert.ok(!closed.has(early[0]!), 'the one that was taken is not the door’s any more')
  door.giveBack(taken)
  await until('it to be closed too: its time is over', () => closed.has(early[0]!))
  door.close()
})

test.run()
