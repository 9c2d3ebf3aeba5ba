# weir_room(NAME [ROOMS room…] [LIBS lib…] [TEST_LIBS lib…] [NO_PCH])
#
# Makes the static library weir_NAME of all *.cc of the current folder, and, where there are *_test.cc files,
# the test program weir_NAME_test, which ctest runs as test NAME. A folder with headers alone becomes an interface library.
# ROOMS are other rooms that it uses (PUBLIC: their headers may be seen). LIBS are third-party libraries (PRIVATE: nobody else
# sees them). Which room may use which is written in src/ROOMS and checked by tests/rooms_test.cc.
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)

function(weir_room name)
  cmake_parse_arguments(ROOM "NO_PCH" "" "ROOMS;LIBS;PUBLIC_LIBS;TEST_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(TRANSFORM ROOM_ROOMS PREPEND weir_)
  if(sources)
    add_library(weir_${name} STATIC ${sources})
    target_link_libraries(weir_${name} PUBLIC weir_options ${ROOM_ROOMS} ${ROOM_PUBLIC_LIBS} PRIVATE ${ROOM_LIBS} Threads::Threads)
    if(NOT ROOM_NO_PCH)
      target_precompile_headers(weir_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src/base/pch.h)
    endif()
  else()
    add_library(weir_${name} INTERFACE)
    target_link_libraries(weir_${name} INTERFACE weir_options ${ROOM_ROOMS} ${ROOM_PUBLIC_LIBS})
  endif()
  if(tests)
    add_executable(weir_${name}_test ${tests})
    target_link_libraries(weir_${name}_test PRIVATE weir_${name} ${ROOM_LIBS} ${ROOM_TEST_LIBS} GTest::gtest_main GTest::gmock)
    add_test(NAME ${name} COMMAND weir_${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
endfunction()
