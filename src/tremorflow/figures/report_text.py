"""Fixed sentences of the report: method, limits, references, how to cite."""

ENVELOPE_CORRELATION = (
    "Tremor has no clear onset to pick, but its envelope rises and falls alike at neighbouring stations. "
    "Envelope correlation (Obara 2002) finds the source whose S waves explain the delays between stations; "
    "this run uses a maximum-likelihood form of it after Mizuno & Ide (2019), the conventional method.",
    "The recordings are band-passed and turned into smoothed envelopes, which are cut into overlapping "
    "windows. In each window the envelopes of all pairs of stations are correlated. For a trial source each "
    "pair gives the logarithm of the likelihood of its correlation at the predicted difference of S time; "
    "pairs that correlate nowhere take no part. The sum over the pairs is computed on a grid, its maxima "
    "(several, if the window holds several sources) are refined between the nodes, and stations that "
    "contradict the others are left out of counts and errors. Events found twice in overlapping windows are "
    "merged.",
    "The error ellipse is meant to hold 68 % of the probability in two dimensions (1.51 standard "
    "deviations). It follows from how the place moves with errors of the S times: the noise of the envelopes "
    "and the scatter of the stations about the solution, unknown site delays, an unknown scale of the "
    "velocity model and, where the depth is assumed, its error, as large as the settings below say.",
    "This is an independent re-implementation from public descriptions. It is not the program of the "
    "authors cited, and its results can differ from theirs.",
)

LIMITS = (
    "No event does not mean no tremor: tremor that is weak, short, or seen by too few stations is missed.",
    "The method finds bursts that are coherent across the network. It does not tell tremor from local "
    "earthquakes, volcanic tremor or man-made bursts: compare the events with an earthquake catalogue of the "
    "same time.",
    "An event is a burst in one window. The number of events depends on the length and the step of the "
    "windows, and is not a measure of released energy.",
    "Sources in the same window that are closer than location.min_separation_km are not told apart, nor are "
    "some up to about 100 km (Mizuno & Ide 2019).",
    "Envelopes hold little information on depth. Where the depth error is empty, the depth was not solved "
    "for.",
    "The errors are right only if the velocity model is about as good as the settings say. Events flagged "
    "grid_edge, depth_limit, several_maxima or azimuthal_gap are less certain than their ellipses.",
)

FULL_CHAIN = (
    "The full chain follows Sagae, Kano, Yabe & Uchide (2025): a network (DiET) reads the spectrogram of "
    "each station and gives the probabilities of noise, tremor and earthquake; a graph over the stations "
    "(GrASP) is cut into groups, one for each source; each group is located by envelope correlation. This "
    "program is an independent re-implementation from the public description. It is not the authors' model, "
    "its weights were trained on other data, and the authors do not endorse it.",
    "Groups come from a fit of sources: which ones, where and how strong, would make the stations say what "
    "they say, each being worth its penalty. Groups around which the stations speak rather of an earthquake "
    "are left out. Groups of one place whose windows lie within a window of the location are located "
    "together, from the envelopes of their stations and of near neighbours. Pairs of stations correlate at "
    "the lags of a source; once it is found, its power is taken out, and another is looked for in what is "
    "left. A group whose delays give no place is placed by its stations' probabilities, silent ones "
    "included, and by such delays as agree with them, if envelopes confirm that it hears one source (flag "
    "small_group, grade C). What repeats at one interval, as air guns do, is left out, and so is what the "
    "stations near it call an earthquake, and, where site terms are known, what lies far from where they "
    "point to. Groups that cannot be located are kept in not_located.csv.",
    "What DiET says of a station without tremor is learnt from the run, station by station. If the station "
    "table has site terms, what each should hear of a source follows from them and from its noise in the "
    "run; without, all stations are taken to be alike (hearing.csv).",
    "The error ellipse is meant to hold 68 % of the probability in two dimensions (1.51 standard "
    "deviations). It follows from the noise of the envelopes, the scatter of the stations about the "
    "solution, unknown site delays, an unknown scale of the velocity model and, where the depth is assumed, "
    "its error.",
    "The energy is that of S waves in the band of the envelopes over the whole burst, noise taken off, "
    "corrected for distance, attenuation and site terms, and averaged over the stations.",
)

FULL_CHAIN_LIMITS = (
    "No event does not mean no tremor: tremor that is weak, short, or heard by too few stations is missed.",
    "How well the network tells tremor from earthquakes and noise was measured on simulated and semi-real "
    "recordings and on some real noise and earthquakes, as the model card of the weights says. On your "
    "network it is unknown: look at the pictures, and compare with an earthquake catalogue.",
    "An event is a burst in one window. The number of events depends on the length and the step of the "
    "windows, and is not a measure of released energy.",
    "Sources in the same window that are closer than location.min_separation_km are not told apart.",
    "Envelopes hold little information on depth. Where the depth error is empty, the depth was not solved "
    "for.",
    "The errors are right only if the velocity model is about as good as the settings say. Events flagged "
    "grid_edge, depth_limit or azimuthal_gap are less certain than their ellipses.",
)

NOTHING_FOUND = (
    "No event was located in this span with these settings. That does not show that there was no tremor: "
    "look at what was skipped below, at the number of stations that recorded, and at the limits of the "
    "method."
)

REFERENCES = (
    (
        "Mizuno, N., and S. Ide (2019), Development of a modified envelope correlation method based on "
        "maximum-likelihood method and application to detecting and locating deep tectonic tremors in "
        "western Japan, Earth, Planets and Space, 71, 40",
        "10.1186/s40623-019-1022-x",
    ),
    (
        "Obara, K. (2002), Nonvolcanic deep tremor associated with subduction in southwest Japan, Science, "
        "296, 1679-1681",
        "10.1126/science.1070378",
    ),
)

FULL_CHAIN_REFERENCES = (
    (
        "Sagae, K., M. Kano, S. Yabe, and T. Uchide (2025), Machine learning-based detection and "
        "localization of tectonic tremors in the Japan Trench, Journal of Geophysical Research: Solid Earth",
        "10.1029/2025JB031348",
    ),
    *REFERENCES,
)

CITATION = (
    "Cite the program with its version and the hash of the settings given here, the papers of the method, "
    "and the operators of the network whose recordings were used."
)
