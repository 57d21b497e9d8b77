export { Peer } from './peer.js'
