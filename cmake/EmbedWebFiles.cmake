# cmake -DDIST=FOLDER -DOUT=FOLDER -P EmbedWebFiles.cmake: writes OUT/web_assets.cc, which holds every file below DIST (none when it
# is empty) by .incbin, compressed beside plain where that makes it smaller.
cmake_policy(SET CMP0057 NEW)
set(types
    html "text/html\; charset=utf-8"
    js "text/javascript\; charset=utf-8"
    css "text/css\; charset=utf-8"
    svg "image/svg+xml"
    json "application/json"
    webmanifest "application/manifest+json"
    txt "text/plain\; charset=utf-8"
    map "application/json"
    woff2 "font/woff2"
    woff "font/woff"
    png "image/png"
    ico "image/x-icon"
    webp "image/webp")
set(packed_already woff2 woff png ico webp)

set(files)
if(DIST)
  file(GLOB_RECURSE files RELATIVE ${DIST} ${DIST}/*)
  list(SORT files COMPARE STRING CASE SENSITIVE)
endif()
file(REMOVE_RECURSE ${OUT}/packed)
file(MAKE_DIRECTORY ${OUT}/packed)

set(assembler "")
set(symbols "")
set(rows "")
set(number 0)
macro(include_bytes symbol path)
  string(APPEND assembler
         "    \".hidden ${symbol}, ${symbol}_end\\n.global ${symbol}, ${symbol}_end\\n\"\n"
         "    \".balign 16\\n${symbol}:\\n.incbin \\\"${path}\\\"\\n${symbol}_end:\\n.byte 0\\n\"\n")
  string(APPEND symbols "extern const char ${symbol}[], ${symbol}_end[];\n")
endmacro()

foreach(file IN LISTS files)
  string(REGEX REPLACE "^.*\\." "" extension "${file}")
  list(FIND types "${extension}" at)
  if(at EQUAL -1)
    set(type "application/octet-stream")
  else()
    math(EXPR at "${at} + 1")
    list(GET types ${at} type)
  endif()
  file(SHA256 ${DIST}/${file} hash)
  string(SUBSTRING ${hash} 0 20 tag)
  # Vite names what it bundles after its content.
  set(immutable false)
  if(file MATCHES "^assets/.*-[A-Za-z0-9_-]+\\.[a-z0-9]+$")
    set(immutable true)
  endif()
  include_bytes(weir_web_${number} ${DIST}/${file})
  set(packed "{}")
  if(NOT extension IN_LIST packed_already)
    set(gz ${OUT}/packed/${number}.gz)
    execute_process(COMMAND gzip -9 -n -c ${DIST}/${file} OUTPUT_FILE ${gz} RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR "gzip could not compress ${DIST}/${file}")
    endif()
    file(SIZE ${DIST}/${file} plain_size)
    file(SIZE ${gz} packed_size)
    if(packed_size LESS plain_size)
      include_bytes(weir_web_${number}_gz ${gz})
      set(packed "bytes(weir_web_${number}_gz, weir_web_${number}_gz_end)")
    endif()
  endif()
  string(APPEND rows
         "    {\"/${file}\", \"${type}\", \"\\\"${tag}\\\"\", ${immutable},\n"
         "     bytes(weir_web_${number}, weir_web_${number}_end), ${packed}},\n")
  math(EXPR number "${number} + 1")
endforeach()

if(assembler)
  set(assembler "asm(\".pushsection .rodata\\n\"\n${assembler}    \".popsection\\n\")\;\n")
endif()
set(text "// Made by cmake/EmbedWebFiles.cmake.
#include \"api/page.h\"

${assembler}
extern \"C\" {
${symbols}}

namespace weir {

std::span<const WebAsset> web_assets() {
  [[maybe_unused]] const auto bytes = [](const char* begin, const char* end) {
    return std::string_view(begin, static_cast<std::size_t>(end - begin))\;
  }\;
  static const std::vector<WebAsset> kAssets{
${rows}  }\;
  return kAssets\;
}

}  // namespace weir
")
string(REPLACE "\\;" ";" text "${text}")
file(WRITE ${OUT}/web_assets.cc "${text}")
