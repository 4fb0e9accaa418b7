"""What `build_imagenet_names.py` knows beyond WordNet: everyday names and kinds of the 1,000 ImageNet classes.

`NAMES` gives, for the classifier's row, the names that replace WordNet's lemmas where those are not what people say.
`KINDS` gives the everyday words of a WordNet synset for everything below it. `MORE_KINDS` and `OTHER_KINDS` give, for
one row, further kinds and the only kinds.
"""


def _rows(text: str) -> dict[int, tuple[str, ...]]:
    pairs = (line.split(" ", 1) for line in text.strip().splitlines())
    return {int(row): tuple(word.strip() for word in words.split(",") if word.strip(" -")) for row, words in pairs}


NAMES = _rows("""
2 great white shark, white shark
4 hammerhead shark, hammerhead
5 electric ray
7 rooster, cock
12 house finch
13 junco
14 indigo bunting
20 dipper, water ouzel
22 bald eagle
25 fire salamander
26 newt
29 axolotl
32 tailed frog
33 loggerhead turtle, loggerhead
34 leatherback turtle, leatherback
40 American chameleon, anole
47 African chameleon, chameleon
48 Komodo dragon
52 worm snake, thunder snake
53 ringneck snake
54 hognose snake
62 rock python
66 horned viper
67 diamondback rattlesnake, diamondback
68 sidewinder
70 harvestman, daddy longlegs
72 black and gold garden spider
75 black widow, black widow spider
82 ruffed grouse
83 prairie chicken
87 African grey parrot, African grey
89 sulphur-crested cockatoo, cockatoo
98 red-breasted merganser, merganser
102 echidna, spiny anteater
103 platypus, duck-billed platypus
104 wallaby
105 koala, koala bear
108 sea anemone
110 flatworm
111 nematode, roundworm
115 sea slug
116 chiton
117 nautilus, chambered nautilus
121 king crab, Alaskan king crab
122 American lobster, Maine lobster
123 spiny lobster, rock lobster
124 crayfish, crawfish
132 egret, American egret, great white heron
136 European gallinule, gallinule
137 coot, American coot
140 dunlin, red-backed sandpiper
143 oystercatcher
146 albatross
147 grey whale, gray whale
148 killer whale, orca
153 Maltese dog, Maltese
154 Pekinese, Pekingese
161 basset hound, basset
163 bloodhound
164 bluetick coonhound, bluetick
166 Walker hound
168 redbone coonhound, redbone
169 borzoi, Russian wolfhound
173 Ibizan hound
175 otterhound
176 Saluki
179 Staffordshire bull terrier
180 American Staffordshire terrier, pit bull terrier, pit bull
190 Sealyham terrier
192 cairn terrier
194 Dandie Dinmont terrier
195 Boston terrier
199 Scottish terrier, Scottie
200 Tibetan terrier
201 silky terrier
204 Lhasa apso
213 Irish setter, red setter
216 clumber spaniel
219 cocker spaniel
229 Old English sheepdog
230 Shetland sheepdog
233 Bouvier des Flandres
235 German shepherd, alsatian
241 Entlebucher
249 malamute, Alaskan malamute
251 dalmatian
252 affenpinscher
254 pug
255 Leonberger
256 Newfoundland dog, Newfoundland
257 Great Pyrenees
258 Samoyed
260 chow chow, chow
262 Brussels griffon, Brabancon griffon
263 Pembroke Welsh corgi
264 Cardigan Welsh corgi
268 Mexican hairless dog, Mexican hairless
269 grey wolf, gray wolf, timber wolf
270 white wolf, Arctic wolf
271 red wolf
272 coyote
273 dingo
275 African wild dog, African hunting dog
276 hyena
279 Arctic fox, white fox
281 tabby cat, tabby
284 Siamese cat
286 cougar, puma, mountain lion
287 lynx
289 snow leopard
290 jaguar
291 lion
293 cheetah
294 brown bear
295 black bear, American black bear
296 polar bear
299 meerkat
301 ladybug, ladybird
302 ground beetle
303 long-horned beetle, longhorn beetle
304 leaf beetle
310 ant
311 grasshopper
313 stick insect, walking stick
314 cockroach
315 mantis, praying mantis
316 cicada
318 lacewing
319 dragonfly
321 admiral butterfly, admiral
322 ringlet butterfly
323 monarch butterfly, monarch
326 lycaenid butterfly
327 starfish
329 sea cucumber
330 wood rabbit, cottontail rabbit, cottontail
332 Angora rabbit
334 porcupine
335 fox squirrel
339 sorrel horse, sorrel
341 pig, hog
342 wild boar
344 hippopotamus, hippo
346 water buffalo
348 ram
349 bighorn sheep, bighorn
354 dromedary, Arabian camel
358 polecat
359 black-footed ferret, ferret
361 skunk
364 three-toed sloth
365 orangutan
369 siamang
370 guenon
371 patas monkey, patas
378 capuchin monkey, capuchin
380 titi monkey, titi
383 ring-tailed lemur
384 indri
387 red panda, lesser panda
388 giant panda, panda
389 barracouta
391 coho salmon, coho
393 anemone fish, clownfish
395 gar, garfish
397 puffer fish, pufferfish, blowfish
400 academic gown, academic robe
401 accordion
403 aircraft carrier
405 airship, dirigible
408 amphibious vehicle
412 trash can, garbage can, dustbin
413 assault rifle
414 backpack, rucksack, knapsack
415 bakery
416 balance beam
418 ballpoint pen, ballpoint
421 banister, handrail
427 barrel
428 wheelbarrow, barrow
433 swimming cap, bathing cap
435 bathtub, bath
436 station wagon, estate car
437 lighthouse
439 bearskin hat, bearskin
444 tandem bicycle, tandem
445 bikini
446 ring binder, binder
447 binoculars
450 bobsled, bobsleigh
451 bolo tie
452 bonnet
454 bookshop, bookstore
455 bottle cap
457 bow tie
458 brass plaque, plaque, memorial tablet
459 bra, brassiere
460 breakwater, seawall
463 bucket, pail
466 bullet train
467 butcher shop
468 taxi, cab, taxicab
469 cauldron
470 candle
473 can opener, tin opener
476 carousel, merry-go-round
477 tool kit, toolbox
480 cash machine, ATM
486 cello
487 mobile phone, cell phone, cellphone
489 chain-link fence
490 chain mail
491 chainsaw, chain saw
493 chiffonier, commode
494 chime, bell
495 china cabinet
497 church
498 cinema, movie theater
499 cleaver, meat cleaver
502 clog
504 coffee mug, mug
505 coffee pot, coffeepot
506 coil, spiral
508 computer keyboard
509 candy store, confectionery
510 container ship
512 corkscrew
513 cornet, trumpet
515 cowboy hat
520 crib, cot
521 Crock Pot, slow cooker
525 dam
528 rotary phone, dial telephone
529 diaper, nappy
532 dining table
533 dishcloth, dishrag
534 dishwasher
535 disc brake, disk brake
536 dock
537 dog sled, dogsled
539 doormat
540 oil rig, drilling platform
541 drum
545 electric fan, fan
552 feather boa
553 filing cabinet, file cabinet
556 fire screen
557 flagpole
558 flute
564 four-poster bed, four-poster
566 French horn
567 frying pan, skillet
569 garbage truck
570 gas mask
571 gas pump, petrol pump
575 golf cart
577 gong
579 grand piano
580 greenhouse
581 grille, radiator grille
582 grocery store, grocery
584 hair clip, hair slide
589 hair dryer, blow dryer
590 handheld computer
591 handkerchief
592 hard disk, hard drive
593 harmonica, mouth organ
595 harvester
598 home theater
600 hook
601 hoop skirt, crinoline
602 horizontal bar, high bar
603 horse cart
606 iron
608 jeans, blue jeans
609 jeep
610 T-shirt, jersey
612 rickshaw
617 lab coat
619 lampshade
620 laptop
621 lawn mower, mower
622 lens cap
623 letter opener, paper knife
626 lighter
628 ocean liner, liner
629 lipstick
630 loafer
632 loudspeaker, speaker
633 loupe
634 sawmill, lumber mill
636 mailbag
637 mailbox, letter box
638 one-piece swimsuit, maillot
639 one-piece swimsuit, tank suit, maillot
642 xylophone, marimba
644 matchstick, match
646 maze, labyrinth
649 megalith
650 microphone
653 milk can
655 miniskirt
660 mobile home
665 moped
667 mortarboard, graduation cap
670 motor scooter, scooter
671 mountain bike
672 tent, mountain tent
673 computer mouse
680 baby bottle nipple, nipple
681 notebook computer
683 oboe
684 ocarina
685 odometer
687 organ, pipe organ
688 oscilloscope
690 ox cart, oxcart
693 paddle
694 paddle wheel
697 pajamas, pyjamas
699 pan flute, panpipe
701 parachute
702 parallel bars
705 passenger car, railway carriage
707 pay phone, payphone
708 pedestal, plinth
711 perfume
714 guitar pick, plectrum
716 picket fence
719 piggy bank
721 pillow
724 pirate ship
725 pitcher
726 carpenter's plane
731 plunger
734 police van
736 pool table, billiard table
737 soda bottle, pop bottle
738 flowerpot, pot
743 prison
746 hockey puck, puck
747 punching bag
748 purse, handbag
749 quill
750 quilt, comforter
751 racing car, race car
754 radio
755 radio telescope
757 recreational vehicle, motorhome
760 refrigerator, fridge
762 restaurant
763 revolver
767 eraser, rubber eraser
769 ruler
776 saxophone, sax
778 scale, weighing scale
782 computer screen, screen
787 shield
788 shoe shop, shoe store
796 ski mask
798 slide rule
800 slot machine
803 snowplow, snowplough
807 solar dish, solar collector
815 spider web
817 sports car
818 spotlight
829 tram, streetcar
831 sofa bed, studio couch, day bed
832 stupa
833 submarine
834 suit
836 sunglasses
837 sunglasses, dark glasses
838 sunscreen
840 mop
842 swimming trunks
844 light switch, switch
847 tank
850 teddy bear, teddy
851 television, TV
853 thatched roof
856 threshing machine, thresher
860 tobacco shop
861 toilet seat
864 tow truck
865 toy shop, toy store
867 trailer truck, semi truck, articulated lorry
870 tricycle
874 trolleybus
876 tub
880 unicycle
881 upright piano
882 vacuum cleaner, vacuum
889 violin
893 wallet
894 wardrobe
895 warplane, military plane
896 washbasin, sink
897 washing machine, washer
905 window shade, window blind
911 wool
912 split-rail fence, worm fence
913 shipwreck, wreck
916 website, web site
918 crossword puzzle, crossword
920 traffic light, stoplight
921 book jacket, dust jacket
926 hot pot
928 ice cream
929 popsicle, ice lolly, lollipop
930 baguette, French loaf
931 bagel
934 hot dog
936 cabbage
943 cucumber
944 artichoke
948 Granny Smith apple, Granny Smith
953 pineapple
955 jackfruit
960 chocolate sauce, chocolate syrup
961 dough
963 pizza
970 alp
972 cliff
975 lakeside, lakeshore
976 promontory, headland
978 seashore, coast
979 valley
981 baseball player
986 yellow lady's slipper
989 rose hip, rosehip
990 horse chestnut, conker, buckeye
996 hen of the woods
998 ear of corn
999 toilet paper, toilet tissue
""")

KINDS: dict[str, tuple[str, ...]] = {
    "02084071": ("dog",),
    "02121808": ("cat",),
    "02127808": ("big cat",),
    "02114100": ("wolf",),
    "02118333": ("fox",),
    "02131653": ("bear",),
    "01503061": ("bird",),
    "02512053": ("fish",),
    "01482330": ("shark",),
    "01495701": ("ray",),
    "01639765": ("frog",),
    "01629276": ("salamander",),
    "01630284": ("newt",),
    "01627424": ("amphibian",),
    "01661091": ("reptile",),
    "01674464": ("lizard",),
    "01726692": ("snake",),
    "01753959": ("rattlesnake",),
    "01752165": ("viper",),
    "01662784": ("turtle",),
    "01772222": ("spider",),
    "02159955": ("insect", "bug"),
    "02164464": ("beetle",),
    "02274259": ("butterfly",),
    "01976957": ("crab",),
    "01982650": ("lobster",),
    "01922303": ("worm",),
    "02484322": ("monkey",),
    "02470325": ("ape",),
    "02496913": ("lemur",),
    "02062744": ("whale",),
    "02329401": ("rodent",),
    "02324045": ("rabbit",),
    "02419796": ("antelope",),
    "02395003": ("pig",),
    "02503517": ("elephant",),
    "01846331": ("duck",),
    "01816887": ("parrot",),
    "01529672": ("finch",),
    "02008041": ("heron",),
    "02002075": ("stork",),
    "01604330": ("bird of prey",),
    "02092468": ("terrier",),
    "02087551": ("hound",),
    "02099029": ("retriever",),
    "02101108": ("spaniel",),
    "02086346": ("spaniel",),
    "02100399": ("setter",),
    "02104523": ("sheepdog",),
    "02113335": ("poodle",),
    "02096756": ("schnauzer",),
    "02112826": ("corgi",),
    "02109811": ("sled dog",),
    "00015388": ("animal",),
    "12992868": ("mushroom", "fungus"),
    "07705931": ("fruit",),
    "07707451": ("vegetable",),
    "07881800": ("drink",),
    "07609840": ("dessert",),
    "07679356": ("bread",),
    "07715561": ("squash",),
    "07695965": ("sandwich",),
    "07829412": ("sauce",),
    "00021265": ("food",),
    "07555863": ("food",),
    "11669921": ("flower",),
    "03800933": ("musical instrument", "instrument"),
    "04586932": ("wind instrument",),
    "02891788": ("brass instrument",),
    "04338517": ("string instrument",),
    "03467517": ("guitar",),
    "03928116": ("piano",),
    "02958343": ("car",),
    "04490091": ("truck",),
    "04520170": ("van",),
    "02924116": ("bus", "vehicle"),
    "02834778": ("bicycle", "bike"),
    "04530566": ("boat",),
    "04194289": ("ship",),
    "04128499": ("sailboat",),
    "02686568": ("aircraft",),
    "03510583": ("plane", "airplane"),
    "03684823": ("train", "locomotive"),
    "02970849": ("cart",),
    "04235291": ("sled",),
    "04524313": ("vehicle",),
    "03001627": ("chair",),
    "04379243": ("table",),
    "03405725": ("piece of furniture",),
    "02933112": ("cabinet",),
    "02766320": ("baby bed",),
    "02778669": ("ball",),
    "03497657": ("hat",),
    "03513137": ("helmet",),
    "03502509": ("headgear",),
    "04199027": ("shoe",),
    "03380867": ("piece of footwear",),
    "04230808": ("skirt",),
    "04371563": ("swimsuit",),
    "03057021": ("coat",),
    "03815615": ("tie",),
    "04370048": ("sweater",),
    "04143897": ("scarf",),
    "04097866": ("robe",),
    "03450516": ("robe",),
    "03051540": ("piece of clothing",),
    "04459362": ("towel",),
    "02876657": ("bottle",),
    "02773037": ("bag",),
    "02883344": ("box",),
    "02801938": ("basket",),
    "03603722": ("jug",),
    "03438257": ("glass",),
    "02880940": ("bowl",),
    "03990474": ("pot",),
    "03880531": ("pan",),
    "03046257": ("clock",),
    "04437953": ("timepiece",),
    "03082979": ("computer",),
    "04401088": ("phone", "telephone"),
    "02942699": ("camera",),
    "03614007": ("keyboard",),
    "03906997": ("pen",),
    "03636248": ("lamp",),
    "03725035": ("mask",),
    "03467984": ("gun",),
    "04565375": ("weapon",),
    "03623556": ("knife",),
    "04451818": ("tool",),
    "03682487": ("lock",),
    "03862676": ("oven",),
    "02729837": ("appliance",),
    "03151077": ("curtain",),
    "04028315": ("puzzle",),
    "02913152": ("building",),
    "04202417": ("shop", "store"),
    "02898711": ("bridge",),
    "03327234": ("fence",),
    "04105068": ("roof",),
    "03484083": ("cart",),
    "02739668": ("piece of armour",),
    "09359803": ("mountain",),
    "00007846": ("person",),
    "10287213": ("man",),
}

MORE_KINDS = _rows("""
7 chicken
8 chicken
22 eagle
24 owl
29 salamander
49 crocodile
50 alligator
51 dinosaur
55 grass snake
62 python
63 cobra
89 parrot
97 duck
98 duck
100 swan
101 elephant
132 heron
134 crane
145 penguin
150 seal
248 sled dog
273 wild dog, dog
274 wild dog, dog
275 wild dog, dog
286 big cat, cat
287 cat
331 rabbit
335 squirrel
338 rodent
339 horse
345 cow
346 buffalo
347 buffalo
348 sheep
349 sheep
350 goat
354 camel
364 sloth
391 salmon
423 seat
431 bed
436 car
442 tower
437 tower
449 house
468 taxi
512 opener
516 bed
520 bed
559 seat
564 bed
609 car
627 car
661 car
670 scooter
672 tent
703 bench
751 car
757 camper van
765 seat
779 bus
817 car
831 sofa, couch
846 lamp
857 seat
864 truck
867 truck, lorry
836 glasses
837 glasses
925 soup
946 flower
984 flower
988 nut
990 nut
595 vehicle
607 pumpkin
638 swimsuit
715 helmet, headgear
417 hot air balloon
948 apple
975 lake
978 beach
986 orchid
987 vegetable
998 corn, vegetable
""")

OTHER_KINDS = _rows("""
69 fossil
403 ship
405 aircraft
408 vehicle
417 aircraft
466 train, vehicle
488 -
598 -
656 car, van, vehicle
657 weapon
704 -
536 -
542 food
547 train, locomotive, vehicle
565 train car, vehicle
705 train car, vehicle
744 weapon
747 -
785 -
798 -
820 train, locomotive, vehicle
829 train, vehicle
825 wall
833 boat
861 -
884 -
903 -
916 -
922 -
930 bread, food
935 food
947 fungus, vegetable, food
958 -
962 food
964 pie, food
968 -
""")
