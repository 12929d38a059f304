# Change of an area between two waves, units as clusters, as R's survey package has it.
#   Rscript reference_values.R > reference_values.json      (in this folder)
suppressPackageStartupMessages(library(survey))

schools <- read.csv("apiclus1.csv")
row <- seq_len(nrow(schools))
districts <- unique(schools$dnum)
# Wave 1 is the tests of 1999 and wave 2 those of 2000. Not everybody answers, one unit is gone in
# wave 2 and another one is new in it.
first <- schools[row %% 5 != 0 & schools$dnum != districts[5], ]
second <- schools[row %% 7 != 0 & schools$dnum != districts[3], ]
long <- rbind(
  data.frame(unit = first$dnum, wave = 1, y = first$api99, z = 100 * (first$stype == "E")),
  data.frame(unit = second$dnum, wave = 2, y = second$api00, z = 100 * (second$stype != "H"))
)

change <- function(data) {
  design <- svydesign(ids = ~unit, weights = ~1, data = data)
  one <- svyby(~y, ~wave, design, svymean, covmat = TRUE)
  two <- svyby(~y + z, ~wave, design, svymean, covmat = TRUE)
  by_one <- svycontrast(one, c("1" = -1, "2" = 1))
  by_two <- svycontrast(two, c("1:y" = -.5, "2:y" = .5, "1:z" = -.5, "2:z" = .5))
  list(
    one = c(difference = coef(by_one)[[1]], se = SE(by_one)[[1]], df = degf(design),
            setNames(as.numeric(confint(by_one, df = degf(design))), c("low", "high"))),
    mean_of_two = c(difference = coef(by_two)[[1]], se = SE(by_two)[[1]], df = degf(design),
                    setNames(as.numeric(confint(by_two, df = degf(design))), c("low", "high")))
  )
}

entry <- function(id, value, note) {
  fields <- paste0('"', names(value), '": ', sprintf("%.15g", value), collapse = ", ")
  sprintf('    {"id": "%s", "value": {%s}, "note": "%s"}', id, fields, note)
}

all <- change(long)
both <- change(long[!long$unit %in% districts[c(3, 5)], ])
cat('{\n  "r_version": "', R.version.string, '",\n  "package": "survey ',
    as.character(packageVersion("survey")), '",\n  "values": [\n', sep = "")
cat(paste(c(
  entry("all.one", all$one, "15 units, one only in wave 1 and one only in wave 2"),
  entry("all.mean_of_two", all$mean_of_two, "the mean of two means, the same people"),
  entry("both.one", both$one, "the 13 units of both waves"),
  entry("both.mean_of_two", both$mean_of_two, "the mean of two means, the 13 units of both waves")
), collapse = ",\n"), "\n  ]\n}\n", sep = "")
