/**
 * A stranger on the local network: answers every question of multicast DNS at once with peers that do not exist, in this
 * network and in others, with nonsense and with packets that are no packets. Prints `ready`, runs until it is killed.
 */
import { createSocket } from 'node:dgram'
import multicastDns from 'multicast-dns'

const [own = ''] = process.argv.slice(2)
const NOBODY = 60
const net = own.split('.').slice(0, 3).join('.')

const dns = multicastDns({ interface: own, bind: '0.0.0.0' })
const raw = createSocket('udp4')

dns.on('query', ({ questions }) => {
  for (const { name, type } of questions ?? []) {
    if (type !== 'PTR') continue
    for (let place = 0; place < 20; place++) {
      const instance = `${place}.${name}`
      const data = Array.from(
        { length: NOBODY },
        (_, at) => `a=${at % 2 ? net : `10.${place}.7`}.${100 + at}:${4000 + place}`,
      )
      dns.respond({
        answers: [{ name, type: 'PTR', ttl: 4_000_000, data: instance }],
        additionals: [
          { name: instance, type: 'TXT', ttl: 4_000_000, data: [...data, 'a=', 'a=\u0000', 'a=localhost:1', '\u2603'] },
        ],
      })
    }
    raw.send(Buffer.alloc(1400, 0xff), 5353, '224.0.0.251')
  }
})
dns.on('ready', () => process.stdout.write('ready\n'))
