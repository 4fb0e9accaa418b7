"""The wordings of each kind of change: patterns, which `mmgrad.data.phrases` fills.

A pattern is a line with slots. `!` before it marks a clause in the imperative, which can be made polite and joined to
another; `1` marks one that needs a picture with one thing only (it says "it"); `*` marks one kept for the test split,
`~` one for training alone, where every sentence is said in several ways.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to say a change. `template` has slots in braces; see the module's text for the flags."""

    id: str
    template: str
    imperative: bool = False
    single: bool = False
    unseen: bool = False
    free: bool = False


def patterns(kind: str, lines: str) -> tuple[Pattern, ...]:
    """Patterns from their lines, one each; their ids are the kind and the number of the line."""
    found = []
    for number, line in enumerate(lines.strip().splitlines()):
        flags, template = re.fullmatch(r"\s*([!1*~]*)\s*(.*?)\s*", line).groups()  # type: ignore[union-attr]
        marks = {"imperative": "!" in flags, "single": "1" in flags, "unseen": "*" in flags, "free": "~" in flags}
        found.append(Pattern(f"{kind}.{number:02d}", template, **marks))
    return tuple(found)


_REPLACE = """
! replace {the_old} with {a_new}
! replace {the_old} by {a_new}
! swap {the_old} for {a_new}
! change {the_old} into {a_new}
! change {the_old} to {a_new}
! turn {the_old} into {a_new}
! substitute {a_new} for {the_old}
! put {a_new} where {the_old} {is_old}
! put {a_new} in place of {the_old}
! show {a_new} instead of {the_old}
! take {the_old} out and put {a_new} there
{a_new} instead of {the_old}
{new} instead of {old}
{old} -> {new}
the same picture with {a_new} instead of {the_old}
same but with {a_new} in place of {the_old}
not {a_old} but {a_new}
{the_old} should be {a_new}
I would rather see {a_new} than {the_old}
what if {the_old} were {a_new}?
I want {a_new} there, not {a_old}
1! make {it} {a_new}
1 {a_new} instead
1 the same but with {a_new}
*! exchange {the_old} for {a_new}
*! let {the_old} become {a_new}
* has {a_new} rather than {a_old}
* {the_old} give{verb_s} way to {a_new}
* {new}, not {old}
~! trade {the_old} for {a_new}
~! switch {the_old} for {a_new}
~! switch {the_old} with {a_new}
~! use {a_new} instead of {the_old}
~! draw {a_new} where {the_old} {is_old}
~! drop {the_old} and show {a_new} in its stead
~! transform {the_old} into {a_new}
~! convert {the_old} to {a_new}
~! make {the_old} {a_new}
~! remove {the_old} and add {a_new} in the same spot
~! find one with {a_new} where {the_old} {is_old}
~! give me {a_new} in the place of {the_old}
~ replacing {the_old} with {a_new}
~ with {a_new} replacing {the_old}
~ {a_new} in place of {the_old}
~ {a_new} where {the_old} {is_old}
~ {old} to {new}
~ {old} out, {new} in
~ {old} replaced by {new}
~ {the_old} replaced with {a_new}
~ {the_old} turned into {a_new}
~ no {old}, {a_new} instead
~ there should be {a_new}, no {old}
~ it shows {a_new} and no {old}
~ is there one with {a_new} instead of {the_old}?
~ how about {a_new} for {the_old}?
~ I prefer {a_new} over {the_old}
~1 this time {a_new}
~1! have {a_new} there
"""
_REMOVE = """
! remove {the_old}
! take {the_old} away
! take away {the_old}
! take out {the_old}
! delete {the_old}
! get rid of {the_old}
! erase {the_old}
! drop {the_old}
! leave out {the_old}
! make {the_old} disappear
! take {the_old} out of the picture
no {old}
no more {old}
without {the_old}
the same without {the_old}
the same picture but without {the_old}
{the_old} should be gone
I don't want {the_old}
there should be no {old}
can I see it without {the_old}?
*! eliminate {the_old}
*! clear {the_old} away
* minus {the_old}
* everything except {the_old}
~! cut {the_old} out
~! hide {the_old}
~! wipe out {the_old}
~! lose {the_old}
~! omit {the_old}
~! cross out {the_old}
~! throw {the_old} out
~! show it without {the_old}
~! make it so that there {is_old} no {old}
~! take {the_old} off
~ {old} removed
~ {the_old} removed
~ with {the_old} removed
~ remove {old}
~ lacks {the_old}
~ {the_old} has to go
~ {the_old} must vanish
~ it has no {old}
~ the picture with no {old}
~ where there {is_old} no {old}
~ I would like to see it with {the_old} gone
~ what would it be without {the_old}?
~ is there one without {the_old}?
~ nothing where {the_old} {is_old}
~ not showing {the_old}
"""
_ADD = """
! add {a_new}
! put {a_new} in
! insert {a_new}
! include {a_new}
! bring in {a_new}
! show {a_new} too
! add {a_new} to the picture
! put {a_new} into the scene
with {a_new}
with {a_new} as well
{a_new} too
plus {a_new}
+ {new}
the same with {a_new} added
same picture but also {a_new}
I also want {a_new}
there should be {a_new} too
can I see it with {a_new}?
also {a_new}
*! throw in {a_new}
* joined by {a_new}
* {a_new} should appear
* together with {a_new}
~! give it {a_new}
~! draw {a_new} in
~! add {new}
~! let {a_new} come in
~! place {a_new} in the picture
~! insert {a_new} somewhere
~! put {a_new} somewhere in there
~! add {a_new} and keep the rest
~! have {a_new} in it as well
~ and {a_new}
~ {a_new} added
~ {a_new} as well
~ it also has {a_new}
~ it now also shows {a_new}
~ with an additional {new}
~ one that has {a_new} too
~ where there is also {a_new}
~ I'm missing {a_new}
~ {a_new} on top of what is there
~ is there one with {a_new} as well?
~ what about {a_new} in there?
~ accompanied by {a_new}
~ the same scene plus {a_new}
"""
_ADD_AT = """
! add {a_new} {place}
! put {a_new} {place}
! place {a_new} {place}
! insert {a_new} {place}
! set {a_new} {place}
! show {a_new} {place} as well
! include {a_new} {place}
! have {a_new} {place}
{a_new} {place}
{new} {place}
with {a_new} {place}
the same with {a_new} {place}
{place} there should be {a_new}
there should be {a_new} {place}
I want to see {a_new} {place}
also {a_new} {place}
*! position {a_new} {place}
* let there be {a_new} {place}
* have {a_new} appear {place}
~! draw {a_new} {place}
~! add {new} {place}
~! give it {a_new} {place}
~! {place}, add {a_new}
~! {place} put {a_new}
~! stick {a_new} {place}
~ and {a_new} {place}
~ plus {a_new} {place}
~ {a_new} added {place}
~ {place} {a_new}
~ {place}: {a_new}
~ it also has {a_new} {place}
~ where there should be {a_new} {place}
~ I'm missing {a_new} {place}
~ is there one with {a_new} {place}?
~ how about {a_new} {place}?
~ another thing: {a_new} {place}
"""
_RECOLOUR = """
! make {the_old} {colour}
! paint {the_old} {colour}
! colour {the_old} {colour}
! color {the_old} {colour}
! turn {the_old} {colour}
! change the colour of {the_old} to {colour}
! change the color of {the_old} to {colour}
! recolour {the_old} in {colour}
{the_old} should be {colour}
{the_old} in {colour}
{coloured}
the same with {a_coloured}
same but with {a_coloured}
{the_old} but {colour}
I want {the_old} to be {colour}
what would {the_old} look like in {colour}?
{a_coloured} instead
1! make {it} {colour}
1 the same in {colour}
1 in {colour}
*! dye {the_old} {colour}
*! give {the_old} a {colour} colour
* {the_old}, now {colour}
* {colour} is how I want {the_old}
~! make {the_old} look {colour}
~! colour {the_old} in {colour}
~! tint {the_old} {colour}
~! recolor {the_old} to {colour}
~! turn the colour of {the_old} to {colour}
~! switch the color of {the_old} to {colour}
~! repaint {the_old} in {colour}
~! change {the_old} to {colour}
~! change {the_old} to {a_coloured}
~! show {the_old} in {colour}
~! use {colour} for {the_old}
~! swap the colour of {the_old} for {colour}
~ {the_old} painted {colour}
~ {old} in {colour}
~ with {a_coloured}
~ {colour} instead, for {the_old}
~ {the_old} coloured {colour}
~ the colour of {the_old} should be {colour}
~ {the_old} must be {colour}
~ the same {old}, but {colour}
~ one with {a_coloured}
~ is there one where {the_old} {is_old} {colour}?
~ could {the_old} be {colour}?
~1 {colour} please
~1! colour {it} {colour}
~1 it should be {colour}
"""
_BIGGER = """
! make {the_old} bigger
! make {the_old} larger
! enlarge {the_old}
! increase the size of {the_old}
! scale {the_old} up
! make {the_old} a lot bigger
! make {the_old} much larger
bigger {old}
{a_sized}
{the_old} should be bigger
{the_old} should be larger
the same with {a_sized}
the same but {the_old} {is_old} bigger
I want {the_old} to be bigger
could {the_old} be larger?
1! make {it} bigger
1 bigger
*! blow {the_old} up
* {the_old} at a larger size
* {the_old} need{verb_s} to grow
~! make {the_old} big
~! make {the_old} huge
~! magnify {the_old}
~! zoom in on {the_old}
~! expand {the_old}
~! show {the_old} larger
~! let {the_old} take up more room
~! make {the_old} twice as big
~! increase {the_old} in size
~ {the_old}, but bigger
~ larger {old}
~ {the_old} bigger
~ with {a_sized}
~ where {the_old} {is_old} bigger
~ {the_old} {is_old} too small
~ is there one with {a_sized}?
~1! enlarge {it}
~1 it should be larger
"""
_SMALLER = """
! make {the_old} smaller
! shrink {the_old}
! reduce the size of {the_old}
! scale {the_old} down
! make {the_old} a lot smaller
! make {the_old} tiny
smaller {old}
{a_sized}
{the_old} should be smaller
{the_old} should be less big
the same with {a_sized}
the same but {the_old} {is_old} smaller
I want {the_old} to be smaller
could {the_old} be smaller?
1! make {it} smaller
1 smaller
*! cut {the_old} down in size
* {the_old} at a reduced size
* {the_old} need{verb_s} to shrink
~! make {the_old} little
~! make {the_old} less big
~! make {the_old} half as big
~! minimise {the_old}
~! decrease the size of {the_old}
~! show {the_old} smaller
~! let {the_old} take up less room
~! make {the_old} much smaller
~ {the_old}, but smaller
~ {the_old} smaller
~ with {a_sized}
~ where {the_old} {is_old} smaller
~ {the_old} {is_old} too big
~ {the_old} {is_old} too large
~ is there one with {a_sized}?
~1! shrink {it}
~1 it should be smaller
"""
_MOVE = """
! move {the_old} {to_place}
! shift {the_old} {to_place}
! bring {the_old} {to_place}
! put {the_old} {place}
! place {the_old} {place}
! drag {the_old} {to_place}
! take {the_old} and put {it} {place}
! have {the_old} {place}
{the_old} {place}
{old} {place}
{the_old} should be {place}
the same with {the_old} {place}
same but {the_old} {is_old} {place}
I want {the_old} {place}
could {the_old} be {place}?
1! move {it} {to_place}
1! put {it} {place}
*! relocate {the_old} {to_place}
*! slide {the_old} {to_place}
* {the_old} belong{verb_s} {place}
* {the_old} go{verb_es} {to_place}
~! push {the_old} {to_place}
~! pull {the_old} {to_place}
~! carry {the_old} {to_place}
~! get {the_old} {to_place}
~! transfer {the_old} {to_place}
~! reposition {the_old} {to_place}
~! set {the_old} down {place}
~! show {the_old} {place}
~! change the position of {the_old}: {place}
~ {the_old} moved {to_place}
~ with {the_old} {place}
~ with {the_old} moved {to_place}
~ {the_old}, but {place}
~ where {the_old} {is_old} {place}
~ {place} I want {the_old}
~ {the_old} must be {place}
~ is there one with {the_old} {place}?
~ how about {the_old} {place}?
~1! shift {it} {to_place}
~1 it should be {place}
~1 {place}
"""
_BACKGROUND = """
! change the background to {a_bg}
! replace the background with {a_bg}
! make the background {a_bg}
! put it {on_bg}
! put everything {on_bg}
! set the scene {on_bg}
! use {a_bg} as the background
! show it {on_bg}
! swap the background for {a_bg}
{on_bg}
the same {on_bg}
the same but {on_bg}
same picture, but {on_bg}
with {a_bg} in the background
with {a_bg} behind
{bg} background
background: {bg}
the background should be {a_bg}
I want {a_bg} as the background
what would it look like {on_bg}?
*! let it take place {on_bg}
* against {a_bg}
* the setting is {a_bg} now
* {bg} as a backdrop
~! set the background to {a_bg}
~! switch the background to {a_bg}
~! turn the background into {a_bg}
~! give it {a_bg} as background
~! move everything {on_bg}
~! move the scene {on_bg}
~! have {a_bg} behind everything
~! place it {on_bg}
~! keep the things but show them {on_bg}
~! transport it all {on_bg}
~ all of it {on_bg}
~ the background is {a_bg}
~ the background changed to {a_bg}
~ background changed to {bg}
~ background -> {bg}
~ {bg} in the background
~ {a_bg} behind it
~ {bg} behind everything
~ same things, {on_bg}
~ now {on_bg}
~ one that is {on_bg}
~ with {bg} for a background
~ a different background: {bg}
~ is there one {on_bg}?
~ how about {a_bg} as background?
~ could it be {on_bg}?
"""
JOINTS = patterns(
    "combined",
    """
{first} and {second}
{first}, and {second}
{first}, then {second}
{first} and also {second}
{first} and then {second}
{first}, {second}
{first}; {second}
first {first}, then {second}
both {first} and {second}
* {first}, and on top of that {second}
* {first} while you {second}
~ {first} & {second}
~ {first}. {second}
~ {first}, also {second}
~ {first} plus {second}
~ {first}; then also {second}
~ {first}, after that {second}
~ {first} as well as {second}
~ {first}, {second} too
""",
)
PATTERNS: dict[str, tuple[Pattern, ...]] = {
    kind: patterns(kind, lines)
    for kind, lines in {
        "replace": _REPLACE,
        "remove": _REMOVE,
        "add": _ADD,
        "add_at": _ADD_AT,
        "recolour": _RECOLOUR,
        "bigger": _BIGGER,
        "smaller": _SMALLER,
        "move": _MOVE,
        "background": _BACKGROUND,
    }.items()
}
"""Every pattern, by kind."""
