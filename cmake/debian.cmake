# debian.cmake: what `cpack` makes: meanfield (program, Lua, documents), libmeanfield-dev (for C) and,
# where MPI and ZeroMQ were found, meanfield-mpi and meanfield-jupyter. dpkg-shlibdeps finds the libraries that they
# need.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "meanfield maintainers <maintainers@users.noreply.r-seed-112966c0.example>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program dev)
if(MPI_C_FOUND)
    list(APPEND CPACK_COMPONENTS_ALL mpi)
endif()
if(TARGET kernel_module)
    list(APPEND CPACK_COMPONENTS_ALL jupyter)
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION math)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME meanfield)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "The program, its Lua modules and experiments, and
meanfield.so for lua5.4: SGD at the speed of a matrix product, the
distributional dynamics of its limit, optima and their stability.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "gnuplot-nox | gnuplot-qt | gnuplot-x11, fonts-dejavu-core")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "less, libsixel-bin")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "lua5.4, libmeanfield-dev, meanfield-mpi, meanfield-jupyter")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libmeanfield-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libgsl-dev, libopenblas-dev, libsleef-dev, libhdf5-dev, libc6-dev")
if(MF_PROOF_LIBRARIES)
    string(APPEND CPACK_DEBIAN_DEV_PACKAGE_DEPENDS ", libflint-arb-dev, libflint-dev, libgmp-dev")
endif()
set(CPACK_COMPONENT_DEV_DESCRIPTION "libmeanfield for programs in C: the static library,
its headers, a package for CMake and one for pkg-config.")

set(CPACK_DEBIAN_MPI_PACKAGE_NAME meanfield-mpi)
set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "meanfield (= ${PROJECT_VERSION}), openmpi-bin")
set(CPACK_COMPONENT_MPI_DESCRIPTION "The module by which meanfield's sweeps run on the ranks of an MPI job.")

set(CPACK_DEBIAN_JUPYTER_PACKAGE_NAME meanfield-jupyter)
set(CPACK_DEBIAN_JUPYTER_PACKAGE_DEPENDS "meanfield (= ${PROJECT_VERSION}), lua-dkjson")
set(CPACK_COMPONENT_JUPYTER_DESCRIPTION "The module by which meanfield is a kernel for Jupyter notebooks:
meanfield kernel install.")

# Every package says its licence; an install without packages says it once.
foreach(pair dev:libmeanfield-dev mpi:meanfield-mpi jupyter:meanfield-jupyter)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 component)
    list(GET pair 1 package)
    if(component IN_LIST CPACK_COMPONENTS_ALL)
        install(FILES cmake/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
                COMPONENT ${component} EXCLUDE_FROM_ALL)
    endif()
endforeach()
include(CPack)
