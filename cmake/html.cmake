# html.cmake: the documents as HTML, by `cmake --build build/release --target html`; needs pandoc.
find_program(PANDOC pandoc)
if(NOT PANDOC)
    add_custom_target(html COMMAND ${CMAKE_COMMAND} -E echo "html: pandoc was not found when the build was configured"
            COMMAND ${CMAKE_COMMAND} -E false)
    return()
endif()

# In the order of the contents; what is new in docs/ comes behind the others.
file(GLOB documents CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} docs/*.md)
set(MF_PAGES README.md docs/guide.md docs/equations.md ${PROJECT_BINARY_DIR}/experiments.md docs/numerics.md
        docs/proofs.md docs/blocked-sgd.md ${documents} ${PROJECT_BINARY_DIR}/meanfield.1)
list(REMOVE_ITEM MF_PAGES docs/design.md docs/api.md)
list(APPEND MF_PAGES docs/design.md docs/api.md CHANGELOG.md)
list(REMOVE_DUPLICATES MF_PAGES)
list(JOIN MF_PAGES " " MF_PAGES_TEXT)

set(MF_HTML ${PROJECT_BINARY_DIR}/html)
file(GLOB scripts CONFIGURE_DEPENDS experiments/*.lua)
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/experiments.md
        COMMAND docs/html/experiments.sh >${PROJECT_BINARY_DIR}/experiments.md
        DEPENDS ${scripts} docs/html/experiments.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

set(pages "")
foreach(source ${MF_PAGES})
    cmake_path(GET source STEM name)
    string(TOLOWER ${name} name)
    set(options --from=gfm+gfm_auto_identifiers)
    if(name STREQUAL readme)
        set(name index)
        list(APPEND options --metadata=home:true)
    elseif(source MATCHES "\\.1$")
        set(options --from=man --shift-heading-level-by=1)
    endif()
    add_custom_command(OUTPUT ${MF_HTML}/${name}.html
            COMMAND ${PANDOC} ${options} --to=html5 --standalone --toc --toc-depth=2 --wrap=preserve
                    --template=docs/html/template.html --lua-filter=docs/html/filter.lua
                    "--metadata=pages:${MF_PAGES_TEXT}" --metadata=version:${PROJECT_VERSION}
                    --output=${MF_HTML}/${name}.html ${source}
            DEPENDS ${source} docs/html/filter.lua docs/html/template.html docs/api.md ${PROJECT_BINARY_DIR}/experiments.md
            WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
    list(APPEND pages ${MF_HTML}/${name}.html)
endforeach()

file(GLOB images CONFIGURE_DEPENDS docs/images/*)
add_custom_command(OUTPUT ${MF_HTML}/style.css ${MF_HTML}/images
        COMMAND ${CMAKE_COMMAND} -E copy_directory docs/images ${MF_HTML}/images
        COMMAND ${CMAKE_COMMAND} -E copy docs/html/style.css ${MF_HTML}/style.css
        DEPENDS docs/html/style.css ${images} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_custom_target(html DEPENDS ${pages} ${MF_HTML}/style.css ${MF_HTML}/images)
install(DIRECTORY ${MF_HTML} DESTINATION ${MF_DOC} COMPONENT program OPTIONAL)
