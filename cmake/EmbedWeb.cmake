# weir_embed_web(TARGET): makes the static library TARGET that holds the page's files and defines weir::web_assets() of src/api/page.h.
#
#   page's sources and the locked Node are there (scripts/setup brings it):  scripts/web build runs whenever a source has changed
#   no Node, but web/dist is there:                                         what is in it is taken as it is
#   neither:                                                               no files; the program shows how to build the page
set(WEIR_WEB AUTO CACHE STRING "The page inside the program: AUTO, ON (it must be built), OFF")

function(weir_embed_web target)
  set(web ${CMAKE_SOURCE_DIR}/web)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/web)
  file(MAKE_DIRECTORY ${out})
  set(inputs)
  set(dist ${web}/dist)
  if(WEIR_WEB STREQUAL "OFF")
    set(dist "")
  elseif(EXISTS ${web}/package.json AND (WEIR_WEB STREQUAL "ON" OR EXISTS ${CMAKE_SOURCE_DIR}/.deps/node/bin/node))
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/* ${web}/public/*)
    file(GLOB top CONFIGURE_DEPENDS ${web}/*.json ${web}/*.yaml ${web}/*.ts ${web}/*.html)
    list(FILTER sources EXCLUDE REGEX "\\.test\\.tsx?$")
    add_custom_command(
      OUTPUT ${out}/built
      COMMAND ${CMAKE_SOURCE_DIR}/scripts/web build
      COMMAND ${CMAKE_COMMAND} -E touch ${out}/built
      DEPENDS ${sources} ${top} ${CMAKE_SOURCE_DIR}/scripts/web
      COMMENT "Building the page"
      VERBATIM)
    set(inputs ${out}/built)
  elseif(EXISTS ${dist}/index.html)
    file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${dist}/*)
  else()
    message(STATUS "The page is not built in: no Node in .deps and no web/dist (scripts/setup, then scripts/web build)")
    set(dist "")
  endif()
  set(script ${CMAKE_SOURCE_DIR}/cmake/EmbedWebFiles.cmake)
  add_custom_command(
    OUTPUT ${out}/web_assets.cc
    COMMAND ${CMAKE_COMMAND} -DDIST=${dist} -DOUT=${out} -P ${script}
    DEPENDS ${inputs} ${script}
    COMMENT "Embedding the page"
    VERBATIM)
  add_library(${target} STATIC ${out}/web_assets.cc)
  target_link_libraries(${target} PUBLIC weir_options PRIVATE ${ARGN})
endfunction()
