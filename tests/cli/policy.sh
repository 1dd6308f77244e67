# SPDX-License-Identifier: Apache-2.0
# The policy of a list: what an import takes by category, the names of categories, the flood guard.
. "$TESTS/lib.sh"

run 0 init
md5() { hex "$1" 32; }
set_of() { # CATEGORY...: a set with media 1, 2, ... of these categories
	n=0
	echo '{"@odata.context":"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media","value":['
	for category; do
		n=$((n + 1))
		[ $n = 1 ] || echo ,
		echo "{\"MediaID\":$n,\"Category\":$category,\"MD5\":\"$(md5 $n)\"}"
	done
	echo ']}'
}

# What is of another category is left out, counted, and said.
set_of 1 2 4 5 null 0 >set.json
run 0 --json import -l all set.json
is "all" "6 6 0" "$(json -g records -g added -g skipped_by_category <out | tr '\t' ' ')"
run 0 --json import -l some --categories 1,2 set.json
is "two" "2 2 4" "$(json -g records -g added -g skipped_by_category <out | tr '\t' ' ')"
for n in 1 2; do run 1 lookup --md5 "$(md5 $n)"; done
run 0 --json list remove all --yes
for n in 3 4 5 6; do run 0 lookup --md5 "$(md5 $n)"; done
run 0 import -l none --categories none,0 set.json
says out "2 added" "4 skipped by category (none,0 are taken)"

# A list that is made so keeps the choice; an option stands for one import.
run 0 --json list show some
is "kept" 1,2 "$(json -g policy.categories <out)"
run 0 import -l some set.json
says out "2 unchanged" "4 skipped by category (1,2 are taken)"
run 0 --json import -l some --categories all set.json
is "this once" "6 4 0" "$(json -g records -g added -g skipped_by_category <out | tr '\t' ' ')"

# What its source calls something else now stops matching, and comes back.
set_of 5 2 1 >set.json
run 0 --json import -l some set.json
is "withdrawn" "2 0 1 1" "$(json -g records -g added -g withdrawn -g skipped_by_category <out | tr '\t' ' ')"
run 0 lookup --md5 "$(md5 1)"
run 0 --json list show some
is "states" "5 1" "$(json -g active -g withdrawn <out | tr '\t' ' ')"
run 1 lookup --md5 "$(md5 3)"
set_of 1 2 >set.json
run 0 import -l some set.json
run 1 lookup --md5 "$(md5 1)"
run 0 import -l some --replace --force set.json
run 0 lookup --md5 "$(md5 3)"
set_of 4 5 >set.json
run 2 import -l some --replace --force set.json
says err "holds no entry of the categories that are taken: nothing was imported"
run 0 import -l csv --categories x --format csv - <<END
md5,category
$(md5 7),x
$(md5 8),y
END
says out "1 added" "1 skipped by category"

# What a source has issued is kept whole, as it was signed; what is of other categories makes no hits.
run 0 import -l issued --categories all --format csv - <<END
id,md5,category
one,$(md5 21),1
two,$(md5 22),5
three,$(md5 23),
END
run 0 key generate --no-passphrase --out key
run 0 publish -l issued --key key --out bundle
run 0 -d other init
run 0 -d other source add fp --url "$PWD/bundle" --key key.pub
run 0 -d other sync
for n in 21 22 23; do run 1 -d other lookup --md5 "$(md5 $n)"; done
run 0 -d other list set issued --categories 1,none
says out "categories     hits are of 1,none"
for n in 21 23; do run 1 -d other lookup --md5 "$(md5 $n)"; done
run 0 -d other lookup --md5 "$(md5 22)"
run 0 -d other --json list show issued
is "whole" "3 true" "$([ "$(json -g digest <out)" = "$("$TUTELA" --json list show issued | json -g digest)" ] && echo "$(json -g active <out) true")"
printf 'id,md5,category\nfour,%s,5\nfive,%s,1\n' "$(md5 24)" "$(md5 25)" >more.csv
run 0 import -l issued --format csv more.csv
run 0 publish -l issued --key key --out bundle
run 0 --json -d other sync
is "taken" "ok 2" "$(json -g status -g added <out | tr '\t' ' ')"
run 0 -d other lookup --md5 "$(md5 24)"
run 1 -d other lookup --md5 "$(md5 25)"
run 0 -d other list set issued --categories all
run 1 -d other lookup --md5 "$(md5 22)"
run 0 -d other check

# The policy is set, shown and logged.
run 0 list set some --categories all --flood 100 --flood-action review --category-map us
says out "an entry with over 100 files is flagged, and its further hits held for review" \
	"named          0 Uncategorized" "1 Child Exploitation (Illegal)"
says_not out "imports take"
run 0 --json list show some
is "flood" "100 review" "$(json -g policy.flood -g policy.flood_action <out | tr '\t' ' ')"
is "name" "Non-pertinent" "$(json -g category_names.5 <out)"
run 0 --json audit show
grep '"action":"list-set"' out | tail -n 1 >set.log
says set.log '"flood":100' '"flood_action":"review"' '1 Child Exploitation (Illegal)\n'
run 0 --json stats
is "in the indicators" "Child Exploitation (Illegal)" "$(json -w list=some -w by=category -w value=1 -g name <out)"
printf '1 one for all\n2 two\n[some]\n1 of its own\n[other]\n3 three\n' >map
run 0 --json list set some --category-map map --flood off --flood-action flag
is "names" "of its own	two	-" "$(json -g category_names.1 -g category_names.2 -g category_names.3 <out)"
is "off" "off flag" "$(json -g policy.flood -g policy.flood_action <out | tr '\t' ' ')"
run 0 list set some --action review
says out "flood          off" "named          1 of its own"
run 0 list set some --category-map none --flood default
says out "flood          default"
says_not out "named"
run 0 list create made --categories 3 --flood 7
says out "imports take 3" "over 7 files"
run 0 check

# What is wrong with them.
for n in 0 -1 1x 4294967295 99999999999999999999 ''; do
	run 64 list set some --flood "$n"
	says err "is not a number of files from 1 on, 'off' or 'default'"
done
run 64 list set some --flood-action block
says err "'block' is not one of flag, review"
for choice in '' , 1, ,1 1,,2; do
	run 64 list set some --categories "$choice"
	says err "categories with a comma between them"
	run 64 import -l some --categories "$choice" set.json
	says err "categories with a comma between them"
done
run 64 list set some --categories "$(printf '%0300d' 1)"
says err "too long"
run 64 list set some --categories "$(printf '1\n2')"
says err "control characters"
run 64 list set some --categories "$(printf '\377')"
says err "must be UTF-8"
run 2 list set some --category-map nowhere
says err "'nowhere': no such file or directory"
printf '[other]\n3 three\n' >map
run 2 list set some --category-map map
says err "'map': it has no name for a category of 'some'"
seq 1 900 | sed 's/$/ a name/' >map
run 2 list set some --category-map map
says err "a list keeps 4095"
printf '1 a\001b\n' >map
run 2 list set some --category-map map
says err "line 1: a name must not hold control characters"
run 0 check
