# The library, one folder a layer. Sources are found by pattern: a new file needs no edit here.
find_package(Threads REQUIRED)

file(GLOB_RECURSE taper_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.c)
list(FILTER taper_sources EXCLUDE REGEX "/src/backend/cpu/kernels/")
list(FILTER taper_sources EXCLUDE REGEX "/src/ops/header/")
file(GLOB kernel_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/backend/cpu/kernels/*.c)

set(generated ${PROJECT_BINARY_DIR}/include)

# Kernels are built once for each instruction set, and picked when the program starts.
set(TAPER_ISAS baseline)
set(baseline_flags "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  list(APPEND TAPER_ISAS avx2 avx512)
  set(avx2_flags -mavx2 -mfma -mf16c -mprefer-vector-width=256)
  set(avx512_flags -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mf16c -mprefer-vector-width=512)
endif()

set(taper_objects "")
foreach(isa ${TAPER_ISAS})
  add_library(taper_kernels_${isa} OBJECT ${kernel_sources})
  target_compile_definitions(taper_kernels_${isa} PRIVATE TP_ISA=${isa} TP_ISA_${isa}=1)
  target_compile_options(taper_kernels_${isa} PRIVATE ${${isa}_flags} -fopenmp-simd $<$<NOT:$<CONFIG:Debug>>:-O3>
    $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>)
  list(APPEND taper_objects taper_kernels_${isa})
endforeach()

add_library(taper_core OBJECT ${taper_sources})
list(APPEND taper_objects taper_core)
list(JOIN TAPER_ISAS "," isa_list)
string(FIND "${isa_list}" "avx512" has_x86)
if(NOT has_x86 EQUAL -1)
  target_compile_definitions(taper_core PRIVATE TP_X86_KERNELS=1)
endif()

# The header of the elementwise operations is written by a program that reads the same rows as the kernels.
if(EXISTS ${PROJECT_SOURCE_DIR}/src/ops/header)
  add_executable(elementwise_header ${PROJECT_SOURCE_DIR}/src/ops/header/elementwise_header.c)
  target_include_directories(elementwise_header PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(elementwise_header PRIVATE taper_flags)
  add_custom_command(OUTPUT ${generated}/taper/elementwise.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}/taper
    COMMAND elementwise_header ${generated}/taper/elementwise.h
    DEPENDS elementwise_header VERBATIM)
  add_custom_target(taper_headers DEPENDS ${generated}/taper/elementwise.h)
else()
  add_custom_target(taper_headers)
endif()

foreach(objects ${taper_objects})
  add_dependencies(${objects} taper_headers)
  set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${objects} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include ${generated})
  target_link_libraries(${objects} PRIVATE taper_flags)
endforeach()

set(all_objects "")
foreach(objects ${taper_objects})
  list(APPEND all_objects $<TARGET_OBJECTS:${objects}>)
endforeach()

add_library(taper_static STATIC ${all_objects})
add_library(taper_shared SHARED ${all_objects})
set_target_properties(taper_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
foreach(library taper_static taper_shared)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME taper)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${generated}> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${library} PUBLIC Threads::Threads m)
  add_dependencies(${library} taper_headers)
endforeach()
# So that the sanitizers' and other link options reach whoever links the library inside this build.
target_link_libraries(taper_shared PRIVATE $<BUILD_INTERFACE:taper_flags>)
add_library(taper::taper ALIAS taper_static)
