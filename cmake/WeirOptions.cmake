# Compiler and linker options of every target of Weir.
set(WEIR_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, empty for none")
option(WEIR_COVERAGE "Instrument for coverage" OFF)

add_library(weir_options INTERFACE)
target_compile_options(weir_options INTERFACE -Wall -Wextra -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror
                       -Wno-missing-field-initializers) # left-out members of a designated initialiser have their defaults
target_include_directories(weir_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
find_program(WEIR_MOLD mold)
if(WEIR_MOLD)
  target_link_options(weir_options INTERFACE -fuse-ld=mold)
endif()
# Line tables are enough for profiles and crash traces, and keep objects small.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
if(WEIR_SANITIZE)
  # GCC's documentation warns of false -Wmaybe-uninitialized findings in instrumented code; here it stumbles over <regex>.
  target_compile_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all -Wno-maybe-uninitialized)
  target_link_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE})
  target_compile_definitions(weir_options INTERFACE WEIR_SANITIZED=1)
  if(WEIR_SANITIZE MATCHES "thread")
    # TSan knows no fences and GCC says so; Asio hands work on under mutexes, so it needs none. Everywhere or nowhere: it changes headers.
    target_compile_definitions(weir_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(WEIR_COVERAGE)
  target_compile_options(weir_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(weir_options INTERFACE --coverage)
endif()
