/**
 * Two lists of 256 words that are easy to say and to type: a peer's default name is one of each, picked by two bytes of
 * its id. Invariant: the lists never change, else every unnamed peer would change its name.
 */
export const BEASTS: readonly string[] = `
  adder agouti albatross alpaca anchovy antelope argali armadillo auk avocet axolotl baboon badger barbel barnacle
  bass bat bear beaver bee beetle bison bittern boar bobcat bonito bream budgie buffalo bulbul bunting bustard
  buzzard caiman canary capuchin carp cat catfish cheetah chick chough cicada civet cobra cockle cod colt condor
  coot coral cormorant cougar coyote crane cricket crow cub cuckoo curlew dace deer dhole dingo doe dolphin donkey
  dory dove dragon drake duck dugong dunlin eel egret eider eland elk emu ermine falcon fawn ferret firefly flamingo
  flounder fly foal fox frog fulmar gadwall gander gar gazelle gecko gerbil gibbon giraffe gnu goat godwit gopher
  goral grebe grouse gull guppy haddock hake halibut hamster harrier hawk hen heron herring hippo hornet horse hound
  husky ibex ibis iguana impala jackal jackdaw jaguar jay kestrel kite kiwi koala koi krill kudu lamb lark lemming
  lemur leopard linnet lion lizard llama lobster locust loon loris lynx macaque magpie mallard manatee mandrill
  mantis marlin marmot marten martin meerkat merlin mink minnow mole mongoose monkey moose moth mouse mullet muskox
  mussel narwhal newt numbat ocelot octopus okapi opossum oriole oryx osprey ostrich otter owl ox oyster panda
  panther pelican penguin perch petrel pheasant pigeon pika pike pipit plaice polecat pony possum prawn puffin puma
  python quail quokka rabbit raven robin rook salmon sardine seal shark sheep shrew shrimp skunk sloth snail snipe
  sparrow spider squid stoat stork swallow swan swift tapir tarpon tench tern thrush tiger toad toucan trout tuna
  turkey turtle vole vulture walrus wasp weasel wolf wombat wren yak zebra
`
  .trim()
  .split(/\s+/)

export const THINGS: readonly string[] = `
  acorn agate alder amber anchor anise apple apricot apron arrow ash aspen aster attic auburn azure balsam bamboo
  banjo barley basket beacon bean beech bell berry biscuit blue bolt bonnet book boot branch brass bread breeze
  brick bridge brook broom bucket butter button cabin candle canoe canvas caramel cardamom castle cedar celery cello
  chalk cherry chili chime cider cinnamon citron clay clove clover coal cobalt cocoa comet copper cork corn cotton
  cream crimson cumin cup currant curry cypress dahlia damson dawn desert dew dill drum dune dusk ebony elder elm
  emerald fennel fern fiddle field fig flame flint flute fog forest fossil garden garlic garnet gate ginger glacier
  glove gold gourd grain granite grass gravel green grove guava hammer harp hazel heath heather hedge hemp hill
  holly honey hops horizon ice ink iris iron island ivory ivy jasmine jet juniper kelp kettle khaki lagoon lake lamp
  lantern larch lavender leaf lemon lentil lilac lily linden linen lotus lute magenta mahogany maple marble marsh
  mauve meadow melon mint mist moon moss mulberry mustard nectar needle nickel nutmeg oak oat oboe ocean ochre olive
  onion opal orange orchid oregano paddle palm paper paprika parsley pasture peach pear pebble pecan pepper petal
  pewter pine plum poplar poppy prairie pumice purple quill quince radish rain raisin ridge river rose ruby rust
  saffron sail salt sand sapphire scarlet sesame silk silver sky slate snow sorrel spruce star steel stone storm
  straw summit sunset tea teal thistle timber topaz topiary tulip turnip umber vanilla velvet violet walnut wheat
  willow yarrow zinc zinnia
`
  .trim()
  .split(/\s+/)
