# What `cmake --install` puts where: both libraries, the headers, the command, and what pkg-config and CMake need to
# find them. Nothing installed names an absolute path, so that the folder may be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Taper)

set_target_properties(taper_shared PROPERTIES EXPORT_NAME taper)
set_target_properties(taper_static PROPERTIES EXPORT_NAME static)
install(TARGETS taper_shared taper_static EXPORT TaperTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET taper)
  install(TARGETS taper RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

file(MAKE_DIRECTORY ${generated}/taper)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/taper ${generated}/taper
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# find_package(Taper) gives Taper::taper (shared) and Taper::static.
install(EXPORT TaperTargets NAMESPACE Taper:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/TaperConfig.cmake.in
  ${PROJECT_BINARY_DIR}/TaperConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/TaperConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/TaperConfig.cmake ${PROJECT_BINARY_DIR}/TaperConfigVersion.cmake
  DESTINATION ${package_dir})

# The .pc file finds the prefix from where it lies itself.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/taper.pc.in ${PROJECT_BINARY_DIR}/taper.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/taper.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
