# SPDX-License-Identifier: Apache-2.0
# One picture in every format and way of writing it has one hash: exactly where nothing is lost,
# nearly where something is. Cut short, each is undetermined.

make() {
	"$MKPICTURE" --seed 5 "$@"
}
make a.png
mkdir same near far cut
make --interlace same/interlaced.png
make --alpha same/alpha.png # the colours under transparent pixels are hashed
make --16bit same/deep.png  # by the high byte
make --alpha --16bit --interlace same/all.png
make same/bottom-up.bmp
make same/a.ppm
{ printf '\000\000\001\000\001\000\000\000\000\000\001\000\040\000\377\377\377\000\026\000\000\000' && cat a.png; } >same/a.ico
make --lossless same/a.webp
make --lossless same/a.tiff
make --lossless same/a.jxl
make --lossless same/a.jp2
make --lossless --tile 100 same/tiles.j2k
make --lossless --alpha --16bit same/deep.jp2
make --lossless --frames 3 same/animated.webp # the first frame
make --gray near/gray.png
make --gray --alpha near/gray-alpha.png
make --gray near/gray.bmp
make --gray near/gray.pgm
make --gray near/gray.jpg
make --gray --lossless --float near/float.tiff
make --gray --lossless --signed near/signed.tiff
make --quality 95 near/a.jpg
make --quality 95 --progressive near/progressive.jpg
make --quality 95 --cmyk near/cmyk.jpg
make --quality 95 --rgb near/rgb.jpg
make --quality 95 --exif 6 near/exif.jpg # stored pixels, whatever the orientation tag says
make --quality 90 near/a.webp
make --quality 90 near/a.tiff
make --quality 90 near/a.heic
make --quality 90 near/a.avif
make --quality 90 near/a.jxl
make --quality 90 near/a.jp2
make --quality 90 --gray --alpha near/gray-alpha.j2k
make far/a.gif
make --palette far/palette.png
make --1bit far/bilevel.png

# "path ref full" of each file
"$TUTELA" hash --json a.png same/* near/* far/* >hashes
sed -n 's/.*"path":"\([^"]*\)".*"pdq":"\([0-9a-f]*\)".*"pdq_full":"\([0-9a-f]*\)".*/\1 \2 \3/p' hashes >table
[ "$(wc -l <table)" -eq "$(find a.png same near far -type f | wc -l)" ]
awk '
function distance(a, b,   i, x, y, n, k) {
	for (i = 1; i <= 64; i++) {
		x = index("0123456789abcdef", substr(a, i, 1)) - 1
		y = index("0123456789abcdef", substr(b, i, 1)) - 1
		for (k = 8; k >= 1; k /= 2) {
			n += (x >= k) != (y >= k)
			x -= x >= k ? k : 0
			y -= y >= k ? k : 0
		}
	}
	return n
}
$1 == "a.png" { ref = $2; full = $3 }
{ r[$1] = $2; f[$1] = $3 }
END {
	for (path in r) {
		limit = path ~ /^near/ ? 10 : path ~ /^far/ ? 60 : 0
		d = distance(r[path], ref)
		e = distance(f[path], full)
		print path, d, e
		bad += d > limit || e > limit
	}
	exit bad > 0 || ref == ""
}' table | sort

# Bytes are missing: never a quiet answer.
for path in same/interlaced.png same/bottom-up.bmp same/a.webp same/a.tiff same/a.jxl same/a.jp2 same/tiles.j2k same/a.ppm same/a.ico near/a.jpg near/progressive.jpg \
	near/a.heic near/a.avif far/a.gif; do
	size=$(wc -c <$path)
	head -c $((size * 2 / 3)) $path >cut/"$(basename $path)"
done
status=0
"$TUTELA" hash --json cut/* >cut.jsonl || status=$?
cat cut.jsonl
[ "$status" -eq 2 ]
[ "$(grep -c '"verdict":"undetermined".*"reason":"' cut.jsonl)" -eq "$(wc -l <cut.jsonl)" ]
[ "$(wc -l <cut.jsonl)" -eq 14 ]
[ "$(grep -c '"format":"jp2".*"partial":{' cut.jsonl)" -eq 2 ]

# A name that promises a picture, and no picture behind it: a scan does not pass it over.
mkdir promised
for ending in jpg jpeg jpe png gif webp tif tiff heic heif avif bmp jxl jp2 j2k j2c jpc jpf jpx pnm pbm pgm ppm pam ico cur; do
	echo text >promised/a.$ending
done
echo text >promised/a.txt
"$TUTELA" -q -d promised.store init
status=0
"$TUTELA" -d promised.store scan --json promised >promised.jsonl || status=$?
cat promised.jsonl
[ "$status" -eq 2 ]
[ "$(grep -c '"verdict":"undetermined".*"reason":"not-a-picture' promised.jsonl)" -eq 26 ]
! grep -q 'a\.txt.*undetermined' promised.jsonl
